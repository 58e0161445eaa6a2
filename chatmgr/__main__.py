"""``python -m chatmgr`` and the ``chatmgr`` script: both enter here."""

from chatmgr.cli.main import main

if __name__ == "__main__":
    main()
