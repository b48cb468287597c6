"""Training: data, augmentation, architectures, the training loop and the export for serving.

Needs the training requirements (Keras with TensorFlow); the page never imports it.
"""
