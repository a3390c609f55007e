"""Files that are no weights at all, under names of weights."""
import struct

from .zip import Zip


def bad(corpus):
    def put(name, blob, words):
        corpus.bad("foreign-" + name, blob, words)

    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 4976698672\n" % (b"0123456789abcdef" * 4)
    page = b"<!DOCTYPE html>\n<html><head><title>401 Unauthorized</title></head><body>Access denied \x1b[2J</body></html>\n"
    for ending in ("safetensors", "gguf", "npz", "pt"):
        put("lfs." + ending, pointer, "a Git LFS pointer")
        put("page." + ending, page, "a web page")
        put("zeros." + ending, bytes(600), "")
        put("text." + ending, b"hello, these are not weights\n", "")
        put("empty." + ending, b"", "the file is empty")
        put("one-byte." + ending, b"\x80", "")
    put("page-lower.safetensors", b" \n\t<html lang=en>", "a web page")
    put("xml.bin", b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>', "")
    put("error.json", b'{"error":"Repository not found"}', "")
    put("json.safetensors", b'{"error":"Invalid credentials in Authorization header"}', "")
    put("config.json", b'{"architectures": ["LlamaForCausalLM"], "hidden_size": 8}', "")
    put("model.onnx", b"\x08\x07\x12\x07pytorch\x1a\x031.9:\x0a\x0a\x03a\x12\x01b", "ONNX")
    put("onnx.bin", b"\x08\x07\x12\x07pytorch\x1a\x031.9:\x0a\x0a\x03a\x12\x01b", "")
    put("model.tflite", b"\x1c\0\0\0TFL3" + bytes(40), "TensorFlow Lite")
    put("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5")
    put("archive.safetensors.gz", b"\x1f\x8b\x08\0" + bytes(30), "gzip")
    put("pickle.pkl", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x07weights\x94.", "pickle")
    put("pickle-5.bin", b"\x80\x05N.", "pickle")
    put("png.safetensors", b"\x89PNG\r\n\x1a\n" + bytes(40), "")
    put("elf.bin", b"\x7fELF\2\1\1" + bytes(57), "")
    put("old-ggml.bin", b"lmgg" + bytes(40), "")
    put("ggjt.bin", b"tjgg" + struct.pack("<I", 3) + bytes(40), "")
    put("escape.bin", b"\x1b]0;owned\x07\x9b2J\xe2\x80\xae" + bytes(8), "")
    z = Zip()
    z.add("word/document.xml", b"<w/>")
    put("document.docx", z.done(), "zip archive")
    z = Zip()
    z.add("weights/0", bytes(64))
    put("plain.zip", z.done(), "zip archive")
