# Settings of the Jupyter server in a runtime. What differs between runtimes comes from the environment; the token
# comes from a file, because the environment of a process can be read by everything that runs in the kernel's Pod.
import os
import sys
from pathlib import Path


def read_token() -> str:
    path = os.environ.get("DATALAYER_JUPYTER_TOKEN_FILE")
    if not path:
        sys.exit("DATALAYER_JUPYTER_TOKEN_FILE is not set: the server needs a token")
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        sys.exit(f"DATALAYER_JUPYTER_TOKEN_FILE cannot be read: {error}")
    if not token:
        sys.exit(f"DATALAYER_JUPYTER_TOKEN_FILE is empty: {path}")
    return token


c = get_config()  # noqa: F821 -- given by Jupyter

c.IdentityProvider.token = read_token()
c.PasswordIdentityProvider.allow_password_change = False
c.ServerApp.base_url = os.environ.get("DATALAYER_JUPYTER_BASE_URL", "/")
c.ServerApp.ip = "0.0.0.0"
c.ServerApp.port = 2300
c.ServerApp.port_retries = 0
c.ServerApp.allow_remote_access = True
# On SIGTERM, kernels get this time to end by themselves; the rest of the Pod's grace of 30 s is the server's.
c.KernelManager.shutdown_wait_time = 20.0
c.ServerApp.open_browser = False
c.ServerApp.root_dir = os.environ.get("HOME", "/home/datalayer")
# Terminals, like kernels, have what the claim of the runtime brings.
c.ServerApp.terminado_settings = {"shell_command": ["/opt/jupyter/bin/with-claim", "/bin/bash", "-l"]}
