"""Images at a terminal that can draw them: kitty's protocol, iTerm2's, and sixel.

``detection`` asks the terminal, once in a process, what it draws and how large a character is. ``placement``
says which cells an image takes, ``kitty``, ``iterm2`` and ``sixel`` encode it, and ``drawing`` picks one of
them. What is sent is made of numbers and base64 alone (sixel: of pixels), so that no name and no byte of an
image can leave its escape sequence.
"""
