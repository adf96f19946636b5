"""Runs `openstack` commands one after the other: their arguments come as lines of JSON, their ends go out as lines of JSON.

The client is unmodified, and each command is a main() of its own with its own sign-in. Only the interpreter and the imports
are kept between them: two seconds of processor for each command otherwise.
"""
import contextlib
import io
import json
import logging
import sys

from openstackclient import shell

for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = shell.main(json.loads(line))
        except SystemExit as end:
            code = end.code
    # Those of this command write into streams that are gone.
    logging.getLogger().handlers.clear()
    ended = {"code": code if isinstance(code, int) else 1, "stdout": out.getvalue(), "stderr": err.getvalue()}
    print(json.dumps(ended), file=sys.__stdout__, flush=True)
