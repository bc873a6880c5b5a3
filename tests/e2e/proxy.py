"""A line between browser and site that can be cut: counts the bytes that visitors send, and drops every connection."""

import socket
import threading


class CuttableLine:
    def __init__(self, site_port: int) -> None:
        self._site_port = site_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.sent_bytes = 0
        self._cut_at: int | None = None
        self.is_cut = False
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, sent_bytes: int) -> None:
        """The line goes dead when so many more bytes were sent."""
        self._cut_at = self.sent_bytes + sent_bytes

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self._listener.close()
        self._drop_all()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                visitor.close()
                continue
            site = socket.create_connection(("127.0.0.1", self._site_port))
            self._open |= {visitor, site}
            threading.Thread(target=self._carry, args=(visitor, site), kwargs={"counted": True}, daemon=True).start()
            threading.Thread(target=self._carry, args=(site, visitor), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, *, counted: bool = False) -> None:
        try:
            while data := source.recv(65536):
                if counted:
                    self._count(len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut, or left
        self._open.discard(source)

    def _count(self, size: int) -> None:
        self.sent_bytes += size
        if self._cut_at is not None and self.sent_bytes >= self._cut_at:
            self._cut_at, self.is_cut = None, True
            self._drop_all()

    def _drop_all(self) -> None:
        for end in list(self._open):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already
