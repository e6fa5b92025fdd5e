"""The laboratory, `tinygan lab`: a page on which a game in the plane is played live.

densities.py   the data one can choose, and those drawn with the mouse
settings.py    the choices on the page, and the experiment that they make
game.py        the live game: turns, single moves, back to the start
fields.py      what can be seen of it: D, D*, densities, arrows, G's sheet
algorithm.py   the eight lines of Algorithm 1, with their present numbers
listening.py   where the laboratory listens
walk.py        a walk through the latents of a user's own run

These files know nothing of a page. Those below import Bokeh, and nothing else does:

controls.py    the widgets of the game
pictures.py    its pictures
gamepage.py    the tab of the game
dirac.py       the tab of the Dirac-GAN
own.py         the tab of a user's own run
page.py        the page
server.py      the server, and who may ask it
"""
