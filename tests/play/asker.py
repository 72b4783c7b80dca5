"""A client that asks without a pause, and keeps by whom it was answered: tests/push/judged answers so."""
import threading
import time

from xmpp_client import Client

JUDGED = "{urn:example:judged}judged"


class Asker(threading.Thread):
    """Asks until it is told to end; as a client would, it waits a moment between two questions."""

    def __init__(self, host, name, pause_s=0.005):
        super().__init__(daemon=True)
        self.client = Client(host, name).log_in()
        self.pause_s = pause_s
        self.by, self.errors, self.failure, self.is_over = [], 0, None, False
        self.start()

    def run(self):
        try:
            while not self.is_over:
                answer = self.client.iq("get", "<judged xmlns='urn:example:judged'/>", to=self.client.jid)
                if answer.get("type") == "result":
                    self.by.append(answer.find(JUDGED).get("by"))
                else:
                    self.errors += 1
                time.sleep(self.pause_s)
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def end(self):
        self.is_over = True
        self.join()
        self.client.close()
        return self
