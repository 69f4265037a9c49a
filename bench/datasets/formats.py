"""What a file is that is not what it should be, told by its first bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD_BYTES = 1024
"""As many of the first bytes are enough."""


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: what it is, with an article.
        remedy: what to do about it, as the end of a sentence.
    """

    name: str
    remedy: str


_AGAIN = "replace it with the file as published"
_ANSWER = f"{_AGAIN}: download it again, from another network or with a browser"
_BLANK = rb"(?is)(?:\xef\xbb\xbf|\s)*"  # a byte-order mark or white space may come first
_HTML = rb"<(?:!doctype\s+html|html|head|body|script|meta|title|!--)"

_FORMATS: tuple[tuple[bytes, Format], ...] = (
    (rb"\Z", Format("an empty file", f"{_AGAIN}: its download broke off")),
    (_BLANK + _HTML, Format("an HTML page (a proxy's, a login's or an error's)", _ANSWER)),
    (_BLANK + rb"<\?xml.*<html", Format("an HTML page (a proxy's, a login's or an error's)", _ANSWER)),
    (_BLANK + rb"<\?xml", Format("an XML document (a server's error message)", _ANSWER)),
    (
        rb"version https://git-lfs\.github\.com/spec",
        Format("a Git LFS pointer", f"{_AGAIN}: 'git lfs pull' in the repository that it is from fetches it"),
    ),
    (rb"\x1f\x8b", Format("a gzip file in a gzip file", "replace it with the file that is in it: unpack it once")),
    (rb"PK(?:\x03\x04|\x05\x06)", Format("a zip archive", "replace it with the file that is in it: unpack it")),
    (rb"(?s).{257}ustar", Format("a tar archive", "replace it with the file that is in it: unpack it")),
    (rb"PAR1", Format("a Parquet file", f"{_AGAIN}: this form is not read")),
    (rb"\x89PNG\r\n\x1a\n", Format("a PNG image", f"{_AGAIN}: this form is not read")),
    (rb"\xff\xd8\xff", Format("a JPEG image", f"{_AGAIN}: this form is not read")),
    (rb"(?:label,|\d{1,3},\d{1,3},\d)", Format("a CSV file", f"{_AGAIN}: this form is not read")),
)


def recognise_format(head: bytes) -> Format | None:
    """The kind of a file, or None if it is none of those that turn up in the place of data.

    Args:
        head: its first bytes, `HEAD_BYTES` of them if it has so many.
    """
    return next((kind for pattern, kind in _FORMATS if re.match(pattern, head)), None)
