"""Raising an exception in another thread, wherever it is."""

from __future__ import annotations

import ctypes


def raise_in_thread(thread: int, error: type[BaseException]) -> None:
    """Let a thread meet an exception at its next instruction of Python; one that waits in native code meets it after.

    Args:
        thread: the thread's `ident`.
        error: the exception's class.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
