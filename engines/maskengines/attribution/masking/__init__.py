"""Layer masking: a mask that travels with the activations of any eager torch network.

"Towards Improved Input Masking for Convolutional Neural Networks", Balasubramanian and Feizi, arXiv
2211.14646: hidden pixels are not painted over, they are left out, layer by layer.
"""
