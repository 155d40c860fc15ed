"""llama.cpp's server, which its engine and its tokenizer are made of."""

from typing import Any


def started_server(params: Any) -> Any:
    """A server whose loop runs.

    One that is told to end before its loop has begun never ends, and waits for that holding the
    interpreter's lock: so what only the loop answers is asked first.

    Raises:
        RuntimeError: it can't be made of these `params`.
    """
    import xllamacpp

    params.ui = False
    params.endpoint_metrics = True
    server = xllamacpp.Server(params)
    server.handle_metrics()
    return server
