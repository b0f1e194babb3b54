"""Converters from .tflite operators to mcupatch's, one file for each family of operators."""
