"""Runs within the root of a test: POST /update with two files, as a browser sends it. post.py TOKEN NAME [HOW]

HOW: nothing, "half" to hang up in the middle, "chunked" to say no length.
"""

import http.client
import sys
from pathlib import Path

token, name, how = [*sys.argv[1:], ""][:3]
BOUNDARY = b"--what-a-browser-makes-up"
FIELD = b'\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n\r\n%b\r\n'
package, signature = (Path("/root/upload", part).read_bytes() for part in ("package", "signature"))
body = b"--" + BOUNDARY + FIELD % (b"file", name.encode(), package)
body += b"--" + BOUNDARY + FIELD % (b"signature", name.encode() + b".sig", signature) + b"--" + BOUNDARY + b"--\r\n"

connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=60)
connection.putrequest("POST", "/update")
connection.putheader("Authorization", f"Bearer {token}")
connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY.decode()}")
if how == "chunked":
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for start in range(0, len(body), 65_536):
        piece = body[start : start + 65_536]
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    connection.send(b"0\r\n\r\n")
else:
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[: len(body) // 2] if how == "half" else body)
if how != "half":
    answer = connection.getresponse()
    sys.stdout.write(f"{answer.status} {answer.read().decode()}")
