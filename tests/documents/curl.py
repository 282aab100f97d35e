"""``curl`` with the few options that the documents use, so that their commands run where curl is not installed.

Ends with status 22, as ``curl --fail`` does, when the answer is no success or says that a value was refused.
"""

import argparse
import base64
import ssl
import sys
from pathlib import Path
from urllib.request import HTTPSHandler, build_opener, install_opener

from tests.scenarios.simulation import http

REFUSED = "Value not allowed!"


def main() -> int:
    """One request; its answer goes to stdout or to the file of ``-o``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("-A", dest="agent")
    parser.add_argument("-u", dest="user")
    parser.add_argument("-o", dest="file", type=Path)
    parser.add_argument("-s", action="store_true")
    parser.add_argument("--cacert")
    parser.add_argument("url")
    given = parser.parse_args()
    headers = dict(header.split(": ", 1) for header in given.headers)
    if given.agent:
        headers["User-Agent"] = given.agent
    if given.user:
        headers["Authorization"] = f"Basic {base64.b64encode(given.user.encode()).decode()}"
    body = None if given.body is None else given.body.encode()
    if given.cacert:
        context = ssl.create_default_context(cafile=given.cacert)
        install_opener(build_opener(HTTPSHandler(context=context)))
    answer = http(given.method or ("GET" if body is None else "POST"), given.url, body, **headers)
    if given.file:
        given.file.write_bytes(answer.body)
    else:
        sys.stdout.buffer.write(answer.body)
    return 0 if answer.status == 200 and REFUSED.encode() not in answer.body else 22


if __name__ == "__main__":
    sys.exit(main())
