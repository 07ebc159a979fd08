"""`python -m tai` is `tai`."""

from tai.cli import main

if __name__ == "__main__":
    main()
