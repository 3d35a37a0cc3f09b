"""`python -m softswitch SETTINGS.json`: run until SIGTERM or SIGINT; one JSON line on stdout when ready.

Exit codes: 0 stopped, 1 cannot start (port taken, library missing), 70 the SIP library died, 78 wrong setting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from softswitch.faults import Refused, WrongSettings
from softswitch.settings import Settings, read


async def serve(settings: Settings) -> int:
    from softswitch.engine import Engine

    engine = Engine(settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    try:
        await engine.start()
        print(json.dumps(engine.ready()), flush=True)
        waits = [asyncio.ensure_future(one.wait()) for one in (stopped, engine.dead)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return 70 if engine.dead.is_set() else 0
    finally:
        await engine.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m softswitch", description=__doc__)
    parser.add_argument("settings", type=Path)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)
    logging.getLogger("baresip").setLevel(logging.WARNING)
    try:
        return asyncio.run(serve(read(parser.parse_args().settings)))
    except WrongSettings as error:
        print(error, file=sys.stderr)
        return 78
    except (Refused, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
