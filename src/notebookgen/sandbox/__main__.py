"""``python -m notebookgen.sandbox``: the sandbox as a process of its own."""

from __future__ import annotations

import argparse

from notebookgen.sandbox.process import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m notebookgen.sandbox", description="Play the three services on this machine."
    )
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1; 0 for any free port")
    parser.add_argument(
        "--parent", action="store_true", help="read the behaviour from standard input and end when it closes"
    )
    arguments = parser.parse_args()
    serve(arguments.port, parent=arguments.parent)
