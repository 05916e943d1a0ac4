"""Run the supervisor of one home; `creatorflow up` starts it."""

import logging
import sys
from pathlib import Path

from creatorflow.devstack.supervisor import main

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    sys.exit(main(Path(sys.argv[1])))
