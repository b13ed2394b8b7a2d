#!/usr/bin/python3
"""Fetches one commit of a git repository, or one archive, into an empty volume: the init container of runtimes and builds.

What is asked for comes by variables that the controllers write (DATALAYER_CONTENT_*), and the credentials by files of
the Secret that the content names. Address, repository, archive and server are not trusted: only https and ssh are
spoken, and only to the address that was checked; no hook, submodule or prompt is followed, and no redirect but those of
archives, each of which is checked like the first address. When it fails, the reason is the container's termination
message, which the conditions of pools and Images show.
"""

import base64
import copy
import hashlib
import http.client
import ipaddress
import os
import posixpath
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

# The controllers mount these: packages/shared/src/content/fetcher.ts.
FOLDER = Path(os.environ.get("DATALAYER_CONTENT_FOLDER", "/content"))
SECRETS = Path(os.environ.get("DATALAYER_CONTENT_SECRETS", "/run/secrets/datalayer.io/git"))
TERMINATION_LOG = Path("/dev/termination-log")

LONGEST_SECONDS = 900
# A server that sends less than this many bytes a second, for so long, is given up.
SLOWEST = {"http.lowSpeedLimit": "1000", "http.lowSpeedTime": "60"}
# What the node and its cloud answer at, beside loopback and link-local: they hand out credentials.
FORBIDDEN = [ipaddress.ip_network(network) for network in ("100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::254/128")]
# Addresses of IPv4 as a network that has IPv6 alone writes them, in their last 32 bits.
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What archives are at the most, unpacked; the volume has a limit of its own.
MOST_ARCHIVE_BYTES = 2 << 30
MOST_UNPACKED_BYTES = 10 << 30
MOST_MEMBERS = 200_000
MOST_REDIRECTS = 3
# Mistakes in the history of many honest repositories.
OLD_MISTAKES = ("missingSpaceBeforeDate", "badTimezone", "zeroPaddedFilemode")


class Refused(Exception):
    """The content cannot be fetched; the message says why, for people."""


@dataclass(frozen=True)
class Source:
    scheme: str
    host: str
    port: int
    url: str


def main() -> None:
    name = f"{os.environ.get('DATALAYER_CONTENT_KIND', 'RuntimeContent')} {os.environ['DATALAYER_CONTENT_NAME']}"
    is_archive = os.environ.get("DATALAYER_CONTENT_TYPE", "git") == "archive"
    try:
        fetch_archive() if is_archive else fetch()
    except (Refused, OSError, subprocess.TimeoutExpired) as error:
        why = str(error) if isinstance(error, Refused) else f"Failed: {error}"
        message = printable(f"{name}: {why}")
        print(message, file=sys.stderr)
        if TERMINATION_LOG.exists():
            TERMINATION_LOG.write_text(message)
        sys.exit(1)
    print(f"{name}: {os.environ['DATALAYER_CONTENT_SHA256' if is_archive else 'DATALAYER_CONTENT_REVISION']} is there")


def fetch() -> None:
    source = parse_source(os.environ["DATALAYER_CONTENT_SOURCE"])
    revision = os.environ["DATALAYER_CONTENT_REVISION"]
    if not re.fullmatch("[0-9a-f]{40}", revision):
        raise Refused(f"RevisionRefused: {revision} is not a commit of 40 hexadecimal digits")
    addresses = resolve(source)
    # The container may have been restarted in the middle.
    tree = FOLDER / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    git = Git(tree, source, addresses)
    git.run("init", "--quiet", "--template=", "--initial-branch=content")
    obtain(git, source, revision)
    check_hash(git, revision, os.environ.get("DATALAYER_CONTENT_SHA256"))
    git.run("checkout", "--quiet", "--force", "--detach", revision)
    check_sub_path(tree, os.environ.get("DATALAYER_CONTENT_SUB_PATH", ""))


def parse_source(text: str) -> Source:
    refused = Refused(f"SourceRefused: {text}: expected https://host/path, ssh://user@host/path or user@host:path")
    scp = re.fullmatch(r"([A-Za-z0-9_][A-Za-z0-9_.-]*)@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*):(.+)", text)
    url = f"ssh://{scp[1]}@{scp[2]}/{scp[3]}" if scp and not scp[3].startswith("/") else text
    if scp and scp[3].startswith("/"):
        url = f"ssh://{scp[1]}@{scp[2]}{scp[3]}"
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refused from None
    ports = {"https": 443, "ssh": 22}
    if parts.scheme not in ports or not host or not re.fullmatch("[A-Za-z0-9][A-Za-z0-9.-]*|[0-9A-Fa-f:.]+", host):
        raise refused
    if parts.password is not None or (parts.scheme == "https" and parts.username is not None):
        raise Refused("SourceRefused: the source has credentials; expected them in the Secret")
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise refused
    return Source(parts.scheme, host, port or ports[parts.scheme], url)


def resolve(source: Source) -> list[str]:
    """The addresses of the host; refused when one of them is not a server's."""
    try:
        found = socket.getaddrinfo(source.host, source.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused(f"HostNotFound: {source.host}: {error}") from None
    addresses = list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))
    for address in addresses:
        if is_forbidden(ipaddress.ip_address(address)):
            raise Refused(f"AddressRefused: {source.host} is {address}, from which repositories are never fetched")
    return addresses


def is_forbidden(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None
        embedded = address.ipv4_mapped or address.sixtofour or translated
        if embedded is not None:
            return is_forbidden(embedded)
    if str(address) == os.environ.get("KUBERNETES_SERVICE_HOST"):
        return True
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return True
    is_this_network = address.version == 4 and address in ipaddress.ip_network("0.0.0.0/8")
    return is_this_network or any(address.version == net.version and address in net for net in FORBIDDEN)


class Git:
    """Git with nothing of its own mind: its settings come by its environment, none from files or arguments."""

    def __init__(self, tree: Path, source: Source, addresses: list[str]) -> None:
        self._tree = tree
        self._end = time.monotonic() + LONGEST_SECONDS
        settings = {
            "protocol.allow": "never",
            f"protocol.{source.scheme}.allow": "always",
            "core.hooksPath": "/dev/null",
            "core.fsmonitor": "false",
            "core.askPass": "",
            "credential.helper": "",
            "submodule.recurse": "false",
            "fetch.fsckObjects": "true",
            **{f"fetch.fsck.{mistake}": "warn" for mistake in OLD_MISTAKES},
            "gc.auto": "0",
            "maintenance.auto": "false",
            "tar.umask": "0002",
            **SLOWEST,
        }
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": source.scheme,
        }
        secret = read_secret()
        if source.scheme == "https":
            settings.update(https_settings(source, addresses, secret))
        else:
            environment["GIT_SSH_COMMAND"] = ssh_command(source, addresses, secret)
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for index, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
        self._environment = environment

    def run(self, *arguments: str) -> None:
        ended = self.attempt(*arguments)
        if ended.returncode != 0:
            raise Refused(f"GitFailed: git {arguments[0]}: {last_line(ended.stderr)}")

    def attempt(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["git", *arguments],
            cwd=self._tree,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=max(1, self._end - time.monotonic()),
        )

    def archive_sha256(self, revision: str) -> str:
        digest = hashlib.sha256()
        command = ["git", "archive", "--format=tar", revision]
        with subprocess.Popen(
            command, cwd=self._tree, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            while chunk := process.stdout.read(1 << 20):
                digest.update(chunk)
        if process.returncode != 0:
            raise Refused("GitFailed: git archive: the archive could not be made")
        return digest.hexdigest()


def read_secret() -> dict[str, Path]:
    """The files of the Secret that the content names: by their keys, those that are there."""
    name = os.environ.get("DATALAYER_CONTENT_SECRET")
    if name is None:
        return {}
    keys = ("username", "password", "ssh-privatekey", "known_hosts", "ca.crt")
    found = {key: SECRETS / key for key in keys if (SECRETS / key).is_file()}
    if not found:
        raise Refused(f"SecretMissing: Secret {name} is not there, or has none of the keys {', '.join(keys)}")
    return found


def https_settings(source: Source, addresses: list[str], secret: dict[str, Path]) -> dict[str, str]:
    # Pinned: a name that resolves anew would not be the address that was checked.
    pinned = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
    is_address = re.fullmatch(r"[0-9.]+|.*:.*", source.host) is not None
    settings = {"http.followRedirects": "false", "http.sslVerify": "true", "http.proxy": ""}
    if not is_address:
        settings["http.curloptResolve"] = f"{source.host}:{source.port}:{pinned}"
    if "ca.crt" in secret:
        settings["http.sslCAInfo"] = str(secret["ca.crt"])
    if "password" in secret:
        user = secret["username"].read_text().strip() if "username" in secret else "git"
        pair = f"{user}:{secret['password'].read_text().strip()}"
        header = f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}"
        # For this host alone.
        host = f"[{source.host}]" if ":" in source.host else source.host
        settings[f"http.https://{host}:{source.port}/.extraHeader"] = header
    return settings


def ssh_command(source: Source, addresses: list[str], secret: dict[str, Path]) -> str:
    if "ssh-privatekey" not in secret or "known_hosts" not in secret:
        raise Refused("SecretMissing: a source by ssh needs a Secret with ssh-privatekey and known_hosts")
    alias = source.host if source.port == 22 else f"[{source.host}]:{source.port}"
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityFile": secret["ssh-privatekey"],
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": secret["known_hosts"],
        "GlobalKnownHostsFile": "/dev/null",
        "HostName": addresses[0],
        "HostKeyAlias": alias,
        "ForwardAgent": "no",
        "ConnectTimeout": 30,
    }
    return " ".join(["ssh", "-F", "/dev/null", *(f"-o '{name}={value}'" for name, value in options.items())])


def obtain(git: Git, source: Source, revision: str) -> None:
    """The commit alone where the server gives it, else all that branches and tags reach."""
    common = ("fetch", "--quiet", "--no-recurse-submodules", "--no-write-fetch-head")
    alone = git.attempt(*common, "--no-tags", "--depth=1", "--", source.url, revision)
    if alone.returncode != 0:
        if not re.search("not our ref|unadvertised object|does not allow request", alone.stderr):
            raise Refused(f"GitFailed: git fetch: {last_line(alone.stderr)}")
        git.run(*common, "--", source.url, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    found = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.stdout.strip() != revision:
        raise Refused(f"RevisionNotFound: {revision} is not a commit of {source.url}")


def check_hash(git: Git, revision: str, expected: str | None) -> None:
    if expected is None:
        return
    actual = git.archive_sha256(revision)
    if actual != expected:
        raise Refused(f"HashMismatch: the archive of {revision} has the SHA-256 {actual}; expected {expected}")


def check_sub_path(tree: Path, sub_path: str) -> None:
    wanted = (tree / sub_path.strip("/")).resolve()
    if not wanted.is_relative_to(tree.resolve()):
        raise Refused(f"SubPathRefused: {sub_path} leads out of the repository")
    if not wanted.exists():
        raise Refused(f"SubPathNotFound: {sub_path} is not in the repository at this commit")


def fetch_archive() -> None:
    expected = os.environ["DATALAYER_CONTENT_SHA256"]
    if not re.fullmatch("[0-9a-f]{64}", expected):
        raise Refused(f"HashRefused: {expected} is not a SHA-256 of 64 hexadecimal digits")
    archive = FOLDER / "archive"
    actual = download(os.environ["DATALAYER_CONTENT_SOURCE"], archive)
    if actual != expected:
        raise Refused(f"HashMismatch: the archive has the SHA-256 {actual}; expected {expected}")
    tree = FOLDER / "tree"
    # The container may have been restarted in the middle.
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    unpack(archive, tree, int(os.environ.get("DATALAYER_CONTENT_STRIP", "0")))
    archive.unlink()
    check_sub_path(tree, os.environ.get("DATALAYER_CONTENT_SUB_PATH", ""))


def download(url: str, target: Path) -> str:
    """Reads what is at the address into a file; answers with its SHA-256."""
    end = time.monotonic() + LONGEST_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        source = parse_source(url)
        if source.scheme != "https":
            raise Refused(f"SourceRefused: {url}: expected https://host/path")
        connection = PinnedConnection(source, resolve(source)[0])
        try:
            parts = urllib.parse.urlsplit(source.url)
            path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
            connection.request("GET", path, headers={"User-Agent": "datalayer-content", "Accept": "*/*"})
            answer = connection.getresponse()
            location = answer.getheader("Location")
            if answer.status in (301, 302, 303, 307, 308) and location:
                url = urllib.parse.urljoin(url, location)
                continue
            if answer.status != 200:
                raise Refused(f"SourceNotFound: {source.host} answers {answer.status}")
            return store(answer, target, end)
        except ssl.SSLError as error:
            raise Refused(f"CertificateRefused: {source.host}: {error.reason}") from None
        finally:
            connection.close()
    raise Refused(f"SourceRefused: it leads on more than {MOST_REDIRECTS} times")


def store(answer: http.client.HTTPResponse, target: Path, end: float) -> str:
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as file:
        while chunk := answer.read(1 << 20):
            size += len(chunk)
            if size > MOST_ARCHIVE_BYTES:
                raise Refused(f"TooLarge: the archive has more than {MOST_ARCHIVE_BYTES} bytes")
            if time.monotonic() > end:
                raise Refused(f"TimedOut: the archive was not read within {LONGEST_SECONDS} s")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


class PinnedConnection(http.client.HTTPSConnection):
    """HTTPS to the address that was checked: a name that resolves anew could be another one."""

    def __init__(self, source: Source, address: str) -> None:
        ca = SECRETS / "ca.crt"
        context = ssl.create_default_context(cafile=str(ca) if ca.is_file() else None)
        super().__init__(source.host, source.port, timeout=60, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def unpack(archive: Path, tree: Path, strip: int) -> None:
    try:
        with tarfile.open(archive, "r:*") as members:
            unpack_members(members, tree, strip)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Refused(f"ArchiveRefused: it is no tar archive that can be read: {error}") from None


def unpack_members(members: tarfile.TarFile, tree: Path, strip: int) -> None:
    count = 0
    size = 0
    for member in members:
        count += 1
        size += member.size
        if count > MOST_MEMBERS or size > MOST_UNPACKED_BYTES:
            raise Refused(f"TooLarge: it has more than {MOST_MEMBERS} files, or than {MOST_UNPACKED_BYTES} bytes")
        safe = safe_member(member, strip)
        if safe is not None:
            check_way(tree, safe.name)
            members.extract(safe, tree, set_attrs=not (safe.issym() or safe.islnk()))


def safe_member(member: tarfile.TarInfo, strip: int) -> "tarfile.TarInfo | None":
    """The member as it is unpacked: within the folder, without an owner, and without bits that give rights."""
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if member.name.startswith("/") or ".." in parts:
        raise Refused(f"ArchiveRefused: {member.name} leads out of the folder")
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise Refused(f"ArchiveRefused: {member.name} is neither file, folder nor link")
    if len(parts) <= strip:
        return None
    name = "/".join(parts[strip:])
    link = member.linkname
    if member.issym():
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(name), link))
        if link.startswith("/") or inside.startswith(".."):
            raise Refused(f"ArchiveRefused: {member.name} links to {link}, out of the folder")
    if member.islnk():
        targets = [part for part in link.split("/") if part not in ("", ".")]
        if link.startswith("/") or ".." in targets or len(targets) <= strip:
            raise Refused(f"ArchiveRefused: {member.name} links to {link}, out of the folder")
        link = "/".join(targets[strip:])
    safe = copy.copy(member)
    safe.name, safe.linkname, safe.uname, safe.gname = name, link, "", ""
    safe.uid, safe.gid = os.getuid(), os.getgid()
    safe.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return safe


def check_way(tree: Path, name: str) -> None:
    """A link that was unpacked before must not lead a later member elsewhere."""
    way = tree
    for part in name.split("/")[:-1]:
        way = way / part
        if way.is_symlink():
            raise Refused(f"ArchiveRefused: {name} lies behind a link")
    if (tree / name).is_symlink():
        (tree / name).unlink()


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:500] if lines else "no message"


def printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:2000]


if __name__ == "__main__":
    main()
