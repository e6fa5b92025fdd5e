"""A toy for text-to-image GANs: drawn pictures of digits, with true sentences.

scene.py      what a picture shows, and how often
grammar.py    sentences about a scene
strokes.py    the centreline of a handwritten digit, and a pen that draws it
pictures.py   the pictures, and the data set
"""
