"""A git server for tests: one repository over https, for one user, and the facts about it at /facts."""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import time

CERTIFICATE = pathlib.Path("/certificate")
ROOT = pathlib.Path("/tmp/srv")
HOME = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
AUTHOR = {"NAME": "t", "EMAIL": "t@example.org", "DATE": "2026-01-01T00:00:00Z"}


def git(*arguments: str) -> bytes:
    names = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in AUTHOR.items()}
    command = ["git", "-C", str(ROOT / "course"), "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, env=HOME | names, check=True, stdout=subprocess.PIPE).stdout


def make_repository() -> dict[str, str]:
    tree = ROOT / "course"
    (tree / "week-1").mkdir(parents=True)
    (tree / "README.md").write_text("first edition\n")
    (tree / "week-1" / "lesson.txt").write_text("lesson one\n")
    (tree / "way-out").symlink_to("/etc")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    first = git("rev-parse", "HEAD").decode().strip()
    archive = hashlib.sha256(git("archive", "--format=tar", first)).hexdigest()
    (tree / "README.md").write_text("second edition\n")
    git("commit", "--quiet", "--all", "--message", "second")
    return {"first": first, "sha256": archive, "second": git("rev-parse", "HEAD").decode().strip()}


class Handler(http.server.BaseHTTPRequestHandler):
    facts: dict[str, str] = {}

    def do_GET(self) -> None:
        if self.path == "/facts":
            return self.answer(200, {"Content-Type": "application/json"}, json.dumps(self.facts).encode())
        self.serve_git()

    def do_POST(self) -> None:
        self.serve_git()

    def serve_git(self) -> None:
        expected = base64.b64encode(b"reader:canary-password").decode()
        if self.path.startswith("/moved/"):
            return self.answer(302, {"Location": self.path.removeprefix("/moved")}, b"")
        if self.headers.get("Authorization") != f"Basic {expected}":
            return self.answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        path, _, query = self.path.partition("?")
        environment = {
            **HOME,
            "GIT_PROJECT_ROOT": str(ROOT),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.replace("/course.git/", "/course/.git/"),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        ended = subprocess.run(["git", "http-backend"], env=environment, input=body, stdout=subprocess.PIPE)
        head, _, rest = ended.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = headers.pop("Status", "200 OK").split()[0]
        self.answer(int(status), headers, rest)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    Handler.facts = make_repository()
    # The certificate names the address of this Pod, and is made when that is known.
    while not (CERTIFICATE / "tls.crt").exists():
        time.sleep(0.1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE / "tls.crt", CERTIFICATE / "tls.key")
    server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
