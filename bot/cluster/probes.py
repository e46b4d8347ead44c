"""A readiness probe as people say it. Pure; names and paths are outside text."""

from bot.cluster.workload_objects import HttpGet, Probe


def in_words(probe: Probe | None) -> str:
    """`GET :8080/healthz`, `tcp :5432`, `grpc :9000` or `command`; empty when there is none."""
    match probe:
        case Probe(http_get=HttpGet() as question):
            return _http(question)
        case Probe(tcp_socket=check) if check is not None:
            return f"tcp :{check.port}"
        case Probe(grpc=check) if check is not None:
            return f"grpc :{check.port}"
        case Probe(exec=command) if command is not None:
            return "command"
    return ""


def _http(question: HttpGet) -> str:
    scheme = "https://" if question.scheme == "HTTPS" else ""
    # A query may hold a token, and these words are stored and shown.
    path = question.path.partition("?")[0].removeprefix("/")
    return f"GET {scheme}{question.host}:{question.port}/{path}"
