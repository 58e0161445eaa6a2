"""Proxies and certificates that the environment names: used, or said to be at fault by their variable."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import CHATMGR, KEY, Chatmgr, one_line
from tests.support.plain_server import ANSWER, CERTIFICATE, PlainServer, Scripted
from tests.support.socks_proxy import SocksProxy

AWAY = "http://gateway.example/v1"  # nobody answers there: only a proxy can
MODELS = Scripted(b'{"data": [{"id": "tiny-llm"}]}')
CLOSED = "127.0.0.1:9"
LIST = ("models", "--provider", "wire")


@pytest.fixture
def proxy() -> Iterator[PlainServer]:
    """A proxy that answers itself."""
    with PlainServer(MODELS) as running:
        yield running


@pytest.fixture
def tls() -> Iterator[PlainServer]:
    """A server whose certificate no machine trusts."""
    with PlainServer(MODELS, tls=True) as running:
        yield running


class TestProxies:
    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
    def test_used(self, chatmgr: Chatmgr, proxy: PlainServer, variable: str) -> None:
        chatmgr.provider("completions", AWAY)
        assert "tiny-llm" in chatmgr(*LIST, env={variable: f"http://{proxy.address}"}).out
        assert [request.target for request in proxy.heard] == [f"{AWAY}/models"]

    @pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
    def test_socks(self, chatmgr: Chatmgr, scheme: str) -> None:
        with PlainServer(MODELS) as server, SocksProxy(server.address) as socks:
            chatmgr.provider("completions", AWAY)
            env = {"ALL_PROXY": f"{scheme}://{socks.address}"}
            new = ("new", "demo", "-i", "x", "--provider", "wire", "hi")
            assert chatmgr(*new, env=env).out == f"{ANSWER}\n"
            assert set(socks.asked) == {"gateway.example"}

    def test_socks_without_its_package(self, chatmgr: Chatmgr) -> None:
        hidden = chatmgr.home.parent / "hidden"
        (hidden / "socksio").mkdir(parents=True)
        (hidden / "socksio" / "__init__.py").write_text("raise ImportError\n", encoding="utf-8")
        chatmgr.provider("completions", AWAY)
        path = f"{hidden}:{chatmgr.environment()['PYTHONPATH']}"
        env = {"ALL_PROXY": f"socks5://user:pass@{CLOSED}", "PYTHONPATH": path}
        done = chatmgr.program([*CHATMGR, *LIST], env=env, code=7)
        assert "ALL_PROXY names a SOCKS proxy" in done.err
        assert "pip install 'chatmgr[socks]'" in done.err
        assert "pass" not in done.err

    @pytest.mark.parametrize(
        ("variable", "value", "problem"),
        [
            ("ALL_PROXY", "socks4://127.0.0.1:9", "ALL_PROXY names a proxy of the kind “socks4”"),
            ("http_proxy", "gopher://u:secret@127.0.0.1:9", "http_proxy names a proxy of the kind “gopher”"),
            ("HTTP_PROXY", "http://", "HTTP_PROXY is not the address of a proxy"),
            ("HTTP_PROXY", "http://[::1", "HTTP_PROXY is not the address of a proxy"),
            ("HTTP_PROXY", "http://127.0.0.1:port", "HTTP_PROXY is not the address of a proxy"),
        ],
    )
    def test_one_that_cannot_be_used(self, chatmgr: Chatmgr, variable: str, value: str, problem: str) -> None:
        chatmgr.provider("completions", f"http://{CLOSED}/v1")
        new = ("new", "demo", "-i", "x", "--provider", "wire", "-m", "m", "hi")
        for words in (LIST, ("provider", "test", "wire"), new):
            error = chatmgr.refused(7, *words, env={variable: value})
            assert problem in error
            assert "secret" not in error
        assert chatmgr.said() == ["hi"]

    @pytest.mark.parametrize(
        ("address", "exception"),
        [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "localhost,127.0.0.0/8"),
            ("127.0.0.1", "*"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1:{port}"),
            ("127.0.0.1", " example.org , 127.0.0.1 "),
        ],
    )
    @pytest.mark.parametrize("bad", [f"http://{CLOSED}", "socks4://127.0.0.1:9"], ids=["closed", "odd"])
    def test_no_proxy_counts(self, chatmgr: Chatmgr, address: str, exception: str, bad: str) -> None:
        with PlainServer(MODELS) as server:
            port = server.address.rpartition(":")[2]
            chatmgr.provider("completions", f"http://{address}:{port}/v1")
            env = {"ALL_PROXY": bad, "NO_PROXY": exception.format(port=port)}
            assert "tiny-llm" in chatmgr(*LIST, env=env).out
            assert [request.target for request in server.heard] == ["/v1/models"]

    def test_no_proxy_for_ipv6(self, chatmgr: Chatmgr) -> None:
        chatmgr.provider("completions", "http://[::1]:9/v1")
        for exception in ("::1", "[::1]", "::/64"):
            env = {"ALL_PROXY": f"http://{CLOSED}", "NO_PROXY": exception}
            assert "proxy" not in chatmgr(*LIST, env=env, code=6).err.lower()

    def test_one_for_other_addresses_does_not_matter(self, chatmgr: Chatmgr, proxy: PlainServer) -> None:
        chatmgr.provider("completions", proxy.base_url)
        assert "tiny-llm" in chatmgr(*LIST, env={"HTTPS_PROXY": "gopher://127.0.0.1:9"}).out

    def test_one_that_is_down_is_named(self, chatmgr: Chatmgr) -> None:
        chatmgr.provider("completions", AWAY)
        error = chatmgr("models", "--provider", "wire", env={"HTTP_PROXY": f"http://{CLOSED}"}, code=6).err
        assert "It goes through the proxy of HTTP_PROXY" in error

    def test_one_that_refuses_is_named(self, chatmgr: Chatmgr, proxy: PlainServer) -> None:
        """A proxy that knows no CONNECT."""
        chatmgr.provider("completions", "https://gateway.example/v1")
        error = chatmgr.refused(6, *LIST, env={"HTTPS_PROXY": f"http://{proxy.address}"})
        assert "The proxy before wire (https://gateway.example/v1) refused: 501" in error
        assert "HTTPS_PROXY" in error

    def test_a_file_to_attach_goes_the_same_way(self, chatmgr: Chatmgr, proxy: PlainServer) -> None:
        chatmgr.provider("completions", proxy.base_url)
        new = ("new", "demo", "-i", "x", "--provider", "wire", "-m", "m", "-f", f"{AWAY}/models", "hi")
        error = chatmgr.refused(7, *new, env={"HTTP_PROXY": "gopher://127.0.0.1:9", "NO_PROXY": "127.0.0.1"})
        assert "HTTP_PROXY names a proxy of the kind “gopher”" in error


class TestCertificates:
    """Read once in a process, so each command here has an interpreter of its own."""

    def test_one_that_is_not_trusted(self, chatmgr: Chatmgr, tls: PlainServer) -> None:
        chatmgr.provider("completions", tls.base_url)
        error = one_line(chatmgr.fresh(*LIST, code=6))
        assert "certificate verify failed" in error.lower()
        assert "trust it: set SSL_CERT_FILE to a PEM file" in error
        assert tls.heard == []

    def test_trusted_by_the_variable(self, chatmgr: Chatmgr, tls: PlainServer) -> None:
        chatmgr.provider("completions", tls.base_url)
        assert "tiny-llm" in chatmgr.fresh(*LIST, env={"SSL_CERT_FILE": str(CERTIFICATE)}).out

    def test_for_another_host(self, chatmgr: Chatmgr, tls: PlainServer) -> None:
        port = tls.address.rpartition(":")[2]
        chatmgr.provider("completions", f"https://localhost:{port}/v1")
        error = one_line(chatmgr.fresh(*LIST, env={"SSL_CERT_FILE": str(CERTIFICATE)}, code=6))
        assert "The certificate is for another host" in error

    @pytest.mark.parametrize(
        ("content", "reason"),
        [(None, "No such file or directory"), (b"", "it holds no certificate"), (b"junk", "it holds no")],
        ids=["missing", "empty", "junk"],
    )
    def test_a_file_without_certificates(
        self, chatmgr: Chatmgr, tls: PlainServer, tmp_path: Path, content: bytes | None, reason: str
    ) -> None:
        path = tmp_path / "bundle.pem"
        if content is not None:
            path.write_bytes(content)
        chatmgr.provider("completions", tls.base_url)
        env = {"SSL_CERT_FILE": str(path)}
        new = ("new", "demo", "-i", "x", "--provider", "wire", "-m", "m", "hi")
        for words in (LIST, new):
            error = one_line(chatmgr.fresh(*words, env=env, code=7))
            assert f"The certificates of SSL_CERT_FILE ({path}) cannot be used: {reason}" in error
        assert chatmgr.said() == ["hi"]

    def test_a_key_log_that_cannot_be_written(self, chatmgr: Chatmgr, tls: PlainServer) -> None:
        chatmgr.provider("completions", tls.base_url)
        env = {"SSL_CERT_FILE": str(CERTIFICATE), "SSLKEYLOGFILE": "/proc/nowhere/keys"}
        error = one_line(chatmgr.fresh(*LIST, env=env, code=7))
        assert "SSLKEYLOGFILE names a file that cannot be written: /proc/nowhere/keys." in error

    def test_none_is_read_for_plain_http(self, chatmgr: Chatmgr, proxy: PlainServer) -> None:
        chatmgr.provider("completions", proxy.base_url)
        assert "tiny-llm" in chatmgr.fresh(*LIST, env={"SSL_CERT_FILE": "/nowhere", "WIRE_KEY": KEY}).out
