"""`python -m creatorflow` is the command line."""

from creatorflow.cli import main

if __name__ == "__main__":
    main()
