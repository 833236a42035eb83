"""Why a class was said of one sample, and where the model looked: measured on the very model, then put into words.

lens       one sample, and the model as a function of clips
maps       where it looked: attention rollout, integrated gradients; on which share of the ball
fits       the motion that the cameras see, fitted with each class's formula
erase      what the answer loses without a camera or without some frames
flips      the smallest changes that make it answer otherwise, found by rendering and asking
evidence   all of that together, as values
sentences  the same in words, from templates
"""
