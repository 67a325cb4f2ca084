"""The process of a local model: llama.cpp, which listens on a port of the loopback interface.

It reads its parameters as a line of JSON from its standard input, so that no other user sees the key. It
writes its address to the standard output when the model is loaded, and ends when its standard input does:
then the server that has started it has ended.
"""

import json
import os
import signal
import sys
import threading
from typing import Any

PROMPT_CACHE_MIB = 256

ONLY_ERRORS = 1

TRANSCRIPT = (
    "{{ bos_token }}{% for one in messages %}"
    "{{ {'system': '', 'user': 'User: ', 'assistant': 'Assistant: '}[one['role']] + one['content'] }}"
    "{{ '\\n\\n' }}{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
"""A template for a model that was not tuned for chats: it continues the transcript of one."""


def main() -> None:
    """Run the model until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the model is loaded, Python would not see it
    given = json.loads(sys.stdin.readline())
    ending = threading.Thread(target=_end_with_input, daemon=True)
    ending.start()
    server = _server(given)
    sys.stdout.write(json.dumps({"url": server.listening_address}) + "\n")
    sys.stdout.flush()
    ending.join()


def _server(given: dict[str, Any]) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = given["path"]
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    # Danger: by default anybody may ask, and so may the pages of any site in a browser on this computer.
    parameters.api_keys = [given["key"]]
    parameters.cors_origins, parameters.cors_credentials = "", False
    parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = False
    parameters.n_parallel = given["parallel"]
    parameters.n_ctx = given["context"] * given["parallel"]
    parameters.cache_ram_mib = PROMPT_CACHE_MIB
    parameters.verbosity = ONLY_ERRORS
    if given["threads"]:
        parameters.cpuparams.n_threads = given["threads"]
        parameters.cpuparams_batch.n_threads = given["threads"]
    if given["transcript"]:
        parameters.chat_template = TRANSCRIPT
    return xllamacpp.Server(parameters)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
