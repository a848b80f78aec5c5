"""Files that people write: passwords, mnemonics, keystores, deposit data, settings.

Every command reads them here, so that a byte order mark, another encoding, a pipe, a folder or a
file of gigabytes means the same everywhere: the right text, or one line that names the file.
"""
