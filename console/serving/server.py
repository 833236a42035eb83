"""The web server: only for those who hold the token, only from its own pages, and only so many at a time.

A browser on another page may open sockets to this machine too: the Origin of every socket must be ours. A name that
somebody else points at this machine (DNS rebinding) is refused by the Host header.
"""

import asyncio
import contextlib
import hmac
import ipaddress
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import textual_serve
from aiohttp import WSMsgType, web

from console.serving.page import FOCUS, PAGE, REFUSED
from console.serving.seat import Seat

COOKIE = "trajconsole"
HEARTBEAT_S = 5.0  # a browser that is gone without a word is noticed within two of them
STATICS = Path(textual_serve.__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Server:
    """Serves `argv`, one process for each browser."""

    def __init__(self, argv: Sequence[str], address: str, port: int, token: str, most: int) -> None:
        self._argv, self._address, self._port, self._token, self._most = tuple(argv), address, port, token, most
        self.seats: set[Seat] = set()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes([web.get("/", self._index), web.get("/focus.js", _focus), web.get("/ws", self._socket)])
        app.add_routes([web.static("/static", STATICS)])
        app.on_shutdown.append(self._shut)
        return app

    async def serve(self, ready: Callable[[str], None]) -> None:
        """Until SIGINT or SIGTERM. `ready` hears the address to open."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        try:
            site = web.TCPSite(runner, self._address, self._port)
            await site.start()
            self._port = runner.addresses[0][1]
            host = f"[{self._address}]" if ":" in self._address else self._address
            ready(f"http://{host}:{self._port}/?token={self._token}")
            await over.wait()
        finally:
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[[web.Request], object]) -> web.StreamResponse:
        if not self._own_name(request.host):
            raise web.HTTPForbidden(text="this name is not this machine's")
        if request.path != "/" and not self._knows(request.cookies.get(COOKIE, "")):
            raise web.HTTPForbidden(text=REFUSED, content_type="text/html")
        response = await handler(request)  # type: ignore[misc]
        assert isinstance(response, web.StreamResponse)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _index(self, request: web.Request) -> web.StreamResponse:
        """The token comes once in the address, and from then on in a cookie that no script can read."""
        if self._knows(request.query.get("token", "")):
            response = web.HTTPFound("/")
            response.set_cookie(COOKIE, self._token, httponly=True, samesite="Lax")
            return response
        if not self._knows(request.cookies.get(COOKIE, "")):
            return web.Response(text=REFUSED, content_type="text/html", status=403)
        size = _number(request.query.get("fontsize"), 16, 6, 60)
        socket = f"ws://{request.host}/ws"
        return web.Response(text=PAGE.format(socket=socket, size=size), content_type="text/html")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="not from a page of this console")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=4 << 20)
        await socket.prepare(request)
        if len(self.seats) >= self._most:
            await socket.send_bytes(f"\r\n {self._most} browsers look already: close one of them\r\n".encode())
            await socket.close()
            return socket
        seat = Seat(self._argv)
        self.seats.add(seat)
        try:
            await seat.begin(
                _number(request.query.get("width"), 80, 20, 1000), _number(request.query.get("height"), 24, 5, 1000)
            )
            await self._until_either_ends(seat, socket)
        finally:
            with contextlib.suppress(Exception):
                await socket.close()
            await asyncio.shield(self._clear(seat))
        return socket

    async def _until_either_ends(self, seat: Seat, socket: web.WebSocketResponse) -> None:
        tasks = [asyncio.create_task(seat.run(socket.send_bytes)), asyncio.create_task(_listen(seat, socket))]
        _done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _clear(self, seat: Seat) -> None:
        await seat.close()
        self.seats.discard(seat)

    async def _shut(self, _app: web.Application) -> None:
        await asyncio.gather(*(self._clear(seat) for seat in tuple(self.seats)))

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())

    def _own_name(self, host: str) -> bool:
        """The address that we listen on, a number, or localhost; never a name that could be anybody's."""
        name = host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")
        if name in ("localhost", self._address):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


async def _focus(_request: web.Request) -> web.Response:
    return web.Response(text=FOCUS, content_type="text/javascript")


async def _listen(seat: Seat, socket: web.WebSocketResponse) -> None:
    """What the browser says, until it is gone."""
    async for message in socket:
        if message.type != WSMsgType.TEXT:
            continue
        try:
            kind, *rest = message.json()
            about = rest[0] if rest else None
            if kind == "stdin":
                await seat.type(str(about))
            elif kind == "resize" and isinstance(about, dict):
                size = {key: _number(about.get(key), 80, 5, 1000) for key in ("width", "height")}
                await seat.tell("resize", **size)
            elif kind in ("focus", "blur"):
                await seat.tell(kind)
            elif kind == "ping":
                await socket.send_json(["pong", about])
        except (ValueError, TypeError, IndexError):
            continue  # not a word of our page


def _number(text: object, default: int, low: int, high: int) -> int:
    try:
        return max(low, min(int(str(text)), high))
    except ValueError:
        return default
