"""The theory of GANs as code: exact results, beside what training does.

divergences.py   D* = p/(p + q), and the divergences: JSD, KL, TV, W1
training.py      a real D, trained, beside D*
saturation.py    how hard each objective pulls G where D rejects its samples
dirac.py         a game with two numbers: its field and eigenvalues
play.py          that game in discrete steps, by the real d_step and g_step
convergence.py   which objective with which regulariser converges
figures.py       `tinygan theory NAME`: all of it in pictures
portraits.py     the pictures of the Dirac-GAN
canvas.py        panels and colours for the pictures
"""
