/* Targets that are whole files: the input is the file. */
#include "fuzz.h"

#include <string.h>

#define FILE_TARGET(TARGET, NAME, PATH, FILES)                                                                              \
    static void run_##TARGET(const uint8_t *bytes, size_t size)                                                             \
    {                                                                                                                       \
        fuzz_open(PATH, bytes, size);                                                                                       \
    }                                                                                                                       \
    const fuzz_target fuzz_##TARGET = { .name = NAME, .run = run_##TARGET, .files = FILES };

FILE_TARGET(safetensors, "safetensors", "a.safetensors", ".safetensors")
FILE_TARGET(npy, "npy", "a.npy", ".npy")
FILE_TARGET(gguf, "gguf", "a.gguf", ".gguf")
FILE_TARGET(npz, "npz", "a.npz", ".npz")
FILE_TARGET(torch, "torch", "a.pt", ".pt .pth .bin")
FILE_TARGET(torch_legacy, "torch-legacy", "a.th", "legacy")

/* The last byte chooses the name, which counts where the content says nothing. */
static void run_any(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = { "a.safetensors", "a.gguf",           "a.npy", "a.npz", "a.pt",
                                         "a.onnx",        "model.index.json", "a" };
    if (size > 0)
        fuzz_open(names[bytes[size - 1] % (sizeof names / sizeof *names)], bytes, size - 1);
}

static const char *const others[] = { "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
                                      "<!DOCTYPE html><html>",
                                      "{\"error\":\"no\"}",
                                      "\x08\x07\x12\x07pytorch\x1a\x03",
                                      "\x89HDF\r\n\x1a\n",
                                      "PK\5\6\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1",
                                      NULL };
const fuzz_target fuzz_any = { .name = "any", .run = run_any, .files = "", .texts = others };
