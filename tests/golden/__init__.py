"""Run ids as they were when settings got their rule of identity: they are never to move by accident."""
