/* Files that are mistaken for weights: see foreign.h. A guess for a message, not a parser. */
#include "formats/foreign.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define CONVERT_TORCH "convert it with safetensors.torch.save_file and open that"
#define SAVE_ARRAYS   "save the arrays with numpy.save or as safetensors"
#define A_WEB_PAGE    "a web page, not weights: the download gave an error page"
#define A_GGML_FILE   "a GGML file from before GGUF (2023)"
#define CONVERT_GGML  "convert the model again with a current llama.cpp"
#define DOWNLOAD      "download it again, logged in if need be"

/* By the first bytes. */
static const struct {
    const char *magic;
    size_t size;
    bool any_case; /* leading white space does not count either */
    ql_foreign is;
} by_content[] = {
    { "version https://git-lfs", 23, false,
      { "a Git LFS pointer: the weights were not downloaded", "run `git lfs pull` in its folder or download the file" } },
    { "<!DOCTYPE", 9, true, { A_WEB_PAGE, DOWNLOAD } },
    { "<html", 5, true, { A_WEB_PAGE, DOWNLOAD } },
    { "lmgg", 4, false, { A_GGML_FILE, CONVERT_GGML } },
    { "fmgg", 4, false, { A_GGML_FILE, CONVERT_GGML } },
    { "tjgg", 4, false, { A_GGML_FILE, CONVERT_GGML } },
    { "\x80\x02\x8a\x0a", 4, false, { "a PyTorch checkpoint from before 1.6 (bare pickle)", CONVERT_TORCH } },
    { "\x80\x02", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x80\x03", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x80\x04", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x80\x05", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x89HDF\r\n\x1a\n", 8, false, { "an HDF5 file (Keras)", SAVE_ARRAYS } },
    { "\x1f\x8b", 2, false, { "compressed with gzip", "decompress it with gunzip and open the result" } },
    { "{", 1, true, { "a JSON text, not weights", "open one of the .safetensors files that it lists" } },
};

/* A zip archive, by a name that occurs in its directory; the first match counts. */
static const struct {
    const char *entry;
    ql_foreign is;
} by_zip_entry[] = {
    { "/constants.pkl", { "a TorchScript program", "save the model's state_dict() as safetensors and open that" } },
    { "/data.pkl", { "a PyTorch checkpoint (zip)", CONVERT_TORCH } },
    { ".npy", { "an .npz archive of NumPy arrays", "unzip it and open one of its .npy files" } },
    { "", { "a zip archive", "unpack it and open the weights inside" } },
};

/* By name, for formats without a mark of their own. */
static const struct {
    const char *extension;
    ql_foreign is;
} by_name[] = {
    { ".onnx", { "an ONNX model", SAVE_ARRAYS } },
    { ".tflite", { "a TensorFlow Lite model", SAVE_ARRAYS } },
};

static bool begins_with(const uint8_t *head, size_t head_size, const char *magic, size_t size, bool any_case)
{
    while (any_case && head_size > 0 && isspace(*head)) {
        head++;
        head_size--;
    }
    if (head_size < size)
        return false;
    return any_case ? strncasecmp((const char *)head, magic, size) == 0 : memcmp(head, magic, size) == 0;
}

/* The names of all entries stand at the end of an archive: look for telling ones there. */
static const ql_foreign *find_in_zip(const ql_source *source)
{
    enum { TAIL = 16384 };
    uint8_t tail[TAIL];
    uint64_t file_size = ql_source_size(source);
    size_t size = file_size < TAIL ? (size_t)file_size : TAIL;
    const void *bytes = ql_source_fetch(source, file_size - size, size, tail, NULL);
    size_t i = 0;
    while (by_zip_entry[i].entry[0] && !(bytes && memmem(bytes, size, by_zip_entry[i].entry, strlen(by_zip_entry[i].entry))))
        i++;
    return &by_zip_entry[i].is;
}

const ql_foreign *ql_foreign_find(const ql_source *source, const uint8_t *head, size_t head_size)
{
    for (size_t i = 0; i < sizeof by_content / sizeof *by_content; i++)
        if (begins_with(head, head_size, by_content[i].magic, by_content[i].size, by_content[i].any_case))
            return &by_content[i].is;
    if (begins_with(head, head_size, "PK\3\4", 4, false) || begins_with(head, head_size, "PK\5\6", 4, false))
        return find_in_zip(source);
    const char *dot = strrchr(ql_source_path(source), '.');
    for (size_t i = 0; dot && i < sizeof by_name / sizeof *by_name; i++)
        if (strcasecmp(dot, by_name[i].extension) == 0)
            return &by_name[i].is;
    return NULL;
}
