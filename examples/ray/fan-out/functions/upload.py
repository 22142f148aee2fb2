"""Sending the results home."""

import json
import time
import urllib.error
import urllib.request

PAUSES_SECONDS = (1, 2, 4, 8)


def put_json(url: str, value: object) -> None:
    """Puts a value to a URL as JSON, some times again where the other side has trouble; the same bytes do no harm twice."""
    body = json.dumps(value, ensure_ascii=False).encode()
    for pause in (*PAUSES_SECONDS, None):
        request = urllib.request.Request(url, data=body, method="PUT", headers={"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60):
                return
        except urllib.error.URLError as error:
            # A refusal stays one; only what says "later", or nothing at all, is asked again.
            status = getattr(error, "code", 503)
            if pause is None or (status < 500 and status != 429):
                raise
            print(f"{error}: once more in {pause} s")
            time.sleep(pause)
