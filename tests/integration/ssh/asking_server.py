"""A server that lets in by questions only, as one with codes does: paramiko's server, a real one on the wire."""

import queue
import socket
import threading

import paramiko


class _Desk(paramiko.ServerInterface):
    def __init__(self, house):
        self._house = house
        self._round = 0

    def get_allowed_auths(self, username):
        return "keyboard-interactive"

    def check_auth_interactive(self, username, submethods):
        self._house.conversations += 1
        return self._ask()

    def check_auth_interactive_response(self, responses):
        self._house.answers.append(list(responses))
        _prompts, right = self._house.rounds[self._round]
        if list(responses) != right:
            return paramiko.AUTH_FAILED
        self._round += 1
        return self._ask() if self._round < len(self._house.rounds) else paramiko.AUTH_SUCCESSFUL

    def _ask(self):
        name, prompts = self._house.rounds[self._round][0]
        return paramiko.InteractiveQuery(name, "", *prompts)

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        mark = command.split(b"echo ")[1].split(b" ")[0]
        self._house.work.put((channel, mark))
        return True


class AskingServer:
    """`rounds`: of each, ((words, [(prompt, echo), …]), right answers)."""

    def __init__(self, key, rounds):
        self.rounds, self.answers, self.conversations, self.connections = rounds, [], 0, 0
        self.work, self._key, self._engines = queue.SimpleQueue(), paramiko.PKey.from_path(key), []
        self._listener = socket.create_server(("127.0.1.200", 0))
        self.address, self.port = self._listener.getsockname()
        self._threads = [threading.Thread(target=self._serve), threading.Thread(target=self._run)]
        for thread in self._threads:
            thread.start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            engine = paramiko.Transport(sock)
            engine.add_server_key(self._key)
            self._engines.append(engine)
            engine.start_server(event=threading.Event(), server=_Desk(self))

    def _run(self):
        """Every command says its mark, then its word, and ends."""
        while (found := self.work.get()) is not None:
            channel, mark = found
            channel.sendall(mark + b" 1\nlet in\n")
            channel.sendall_stderr(mark + b"\n")
            channel.send_exit_status(0)
            channel.close()

    def hang_up(self):
        for engine in self._engines:
            engine.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.work.put(None)
        for thread in self._threads:
            thread.join(10)
        self.hang_up()
        for engine in self._engines:
            engine.join(10)
