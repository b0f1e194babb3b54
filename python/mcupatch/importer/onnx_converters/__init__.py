"""One converter a family of ONNX operators, each from a node with dequantised inputs to an int8 operator."""
