"""Training and evaluation of the expression classifier and the face detector.

It needs the training requirements (Keras with TensorFlow); the app never imports it.
"""
