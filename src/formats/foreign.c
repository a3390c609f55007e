/* Files that are mistaken for weights: see foreign.h. A guess for a message, not a parser. */
#include "formats/foreign.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define CONVERT_TORCH "convert it with safetensors.torch.save_file and open that"
#define SAVE_ARRAYS   "save the arrays with numpy.save or as safetensors"
#define UNPACK        "unpack it and open the weights inside"
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
    { "sys_info\0", 9, false, { "a PyTorch checkpoint from before 0.1.10 (a tar archive)", CONVERT_TORCH } },
    { "\x80\x02", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x80\x03", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x80\x04", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x80\x05", 2, false, { "a Python pickle", SAVE_ARRAYS } },
    { "\x89HDF\r\n\x1a\n", 8, false, { "an HDF5 file (Keras)", SAVE_ARRAYS } },
    { "\x1f\x8b", 2, false, { "compressed with gzip", "decompress it with gunzip and open the result" } },
    { "{", 1, true, { "a JSON text, not weights", "open one of the .safetensors files that it lists" } },
};

/* A zip archive, by the end of the name of one of its entries; the first row that fits counts. */
static const struct {
    const char *ending;
    ql_foreign is;
} by_zip_entry[] = {
    { "model.weights.h5", { "a Keras model", SAVE_ARRAYS } },
    { ".h5", { "a zip archive of HDF5 files", SAVE_ARRAYS } },
    { ".safetensors", { "a zip archive of safetensors files", UNPACK } },
    { ".gguf", { "a zip archive of GGUF files", UNPACK } },
    { ".pt", { "a zip archive of PyTorch checkpoints", UNPACK } },
    { ".pth", { "a zip archive of PyTorch checkpoints", UNPACK } },
    { ".bin", { "a zip archive of .bin files", UNPACK } },
    { ".npz", { "a zip archive of .npz files", UNPACK } },
    { "META-INF/MANIFEST.MF", { "a Java archive", "name a file that holds weights" } },
    { "[Content_Types].xml", { "an office document", "name a file that holds weights" } },
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

const ql_foreign *ql_foreign_find(const ql_source *source, const uint8_t *head, size_t head_size)
{
    for (size_t i = 0; i < sizeof by_content / sizeof *by_content; i++)
        if (begins_with(head, head_size, by_content[i].magic, by_content[i].size, by_content[i].any_case))
            return &by_content[i].is;
    const char *dot = strrchr(ql_source_path(source), '.');
    for (size_t i = 0; dot && i < sizeof by_name / sizeof *by_name; i++)
        if (strcasecmp(dot, by_name[i].extension) == 0)
            return &by_name[i].is;
    return NULL;
}

static bool holds(const ql_zip *zip, const char *ending)
{
    const size_t size = strlen(ending);
    for (size_t i = 0; i < zip->count; i++) {
        const ql_text name = zip->entries[i].name;
        if (name.size >= size && memcmp(name.data + name.size - size, ending, size) == 0)
            return true;
    }
    return false;
}

const ql_foreign *ql_foreign_find_in_zip(const ql_zip *zip)
{
    for (size_t i = 0; i < sizeof by_zip_entry / sizeof *by_zip_entry; i++)
        if (holds(zip, by_zip_entry[i].ending))
            return &by_zip_entry[i].is;
    return NULL;
}
