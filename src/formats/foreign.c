/* Files that are mistaken for weights: see foreign.h. A guess for a message, not a parser. */
#include "formats/foreign.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define CONVERT_TORCH "convert it with safetensors.torch.save_file and open that"
#define SAVE_ARRAYS   "save the arrays with numpy.save or as safetensors"
#define A_WEB_PAGE    "a web page, not weights: the download gave an error page"
#define AN_ANSWER     "a server's answer, not weights: the download failed"
#define DOWNLOAD      "download it again, logged in if need be"
#define UNPACK        "unpack it and open the weights inside"
#define CONVERT_ONNX  "save its initializers with numpy.save (onnx.numpy_helper.to_array)"
#define A_GGML_FILE   "a GGML file from before GGUF (old llama.cpp, whisper.cpp)"
#define CONVERT_GGML  "convert it with llama.cpp's convert_llama_ggml_to_gguf.py, or open the original weights"

#define TEXT(literal)      literal, sizeof(literal) - 1, true, 0
#define BYTES(at, literal) literal, sizeof(literal) - 1, false, at

/* By bytes at a place in the file. */
static const struct {
    const char *magic;
    size_t size;
    bool is_text; /* in any case, after a byte order mark and white space if there are any */
    uint64_t at;
    ql_foreign is;
} by_content[] = {
    { TEXT("version https://git-lfs"),
      { "a Git LFS pointer: the weights were not downloaded", "run `git lfs pull` in its folder or download the file" } },
    { TEXT("<!DOCTYPE"), { A_WEB_PAGE, DOWNLOAD } },
    { TEXT("<html"), { A_WEB_PAGE, DOWNLOAD } },
    { TEXT("<head"), { A_WEB_PAGE, DOWNLOAD } },
    { TEXT("<?xml"), { "an XML text, not weights: perhaps a storage server's error message", DOWNLOAD } },
    { TEXT("Entry not found"), { AN_ANSWER, "check the file's name and download it again" } },
    { TEXT("404: Not Found"), { AN_ANSWER, "check the file's name and download it again" } },
    { TEXT("Not Found"), { AN_ANSWER, "check the file's name and download it again" } },
    { TEXT("Invalid username or password"), { AN_ANSWER, DOWNLOAD } },
    { TEXT("Invalid credentials"), { AN_ANSWER, DOWNLOAD } },
    { TEXT("Access to model"), { AN_ANSWER, "accept the model's terms on its page, then download it logged in" } },
    { TEXT("Unauthorized"), { AN_ANSWER, DOWNLOAD } },
    { TEXT("Forbidden"), { AN_ANSWER, DOWNLOAD } },
    { BYTES(0, "lmgg"), { A_GGML_FILE, CONVERT_GGML } },
    { BYTES(0, "fmgg"), { A_GGML_FILE, CONVERT_GGML } },
    { BYTES(0, "tjgg"), { A_GGML_FILE, CONVERT_GGML } },
    { BYTES(0, "algg"), { "a llama.cpp adapter (LoRA) from before GGUF", "open the adapter's safetensors file" } },
    { BYTES(0, "sys_info\0"), { "a PyTorch checkpoint from before 0.1.10 (a tar archive)", CONVERT_TORCH } },
    { BYTES(0, "\x80\x02"), { "a Python pickle", SAVE_ARRAYS } },
    { BYTES(0, "\x80\x03"), { "a Python pickle", SAVE_ARRAYS } },
    { BYTES(0, "\x80\x04"), { "a Python pickle", SAVE_ARRAYS } },
    { BYTES(0, "\x80\x05"), { "a Python pickle", SAVE_ARRAYS } },
    { BYTES(0, "cnumpy"), { "a NumPy array as an old Python pickle", SAVE_ARRAYS } },
    { BYTES(0, "\x89HDF\r\n\x1a\n"), { "an HDF5 file (Keras)", SAVE_ARRAYS } },
    { BYTES(4, "TFL3"), { "a TensorFlow Lite model", SAVE_ARRAYS } },
    { BYTES(0, "MATLAB 5.0 MAT-file"), { "a MATLAB file", SAVE_ARRAYS } },
    { BYTES(0, "\x1f\x8b"), { "compressed with gzip", "decompress it with gunzip and open the result" } },
    { BYTES(0, "BZh"), { "compressed with bzip2", "decompress it with bunzip2 and open the result" } },
    { BYTES(0, "\xfd\x37zXZ\0"), { "compressed with xz", "decompress it with unxz and open the result" } },
    { BYTES(0, "\x28\xb5\x2f\xfd"), { "compressed with zstd", "decompress it with unzstd and open the result" } },
    { BYTES(0, "\x04\x22\x4d\x18"), { "compressed with lz4", "decompress it with unlz4 and open the result" } },
    { BYTES(0, "7z\xbc\xaf\x27\x1c"), { "a 7z archive", UNPACK } },
    { BYTES(0, "Rar!\x1a\x07"), { "a RAR archive", UNPACK } },
    { BYTES(257, "ustar"), { "a tar archive", UNPACK } },
};

/* A JSON text, by its first key; the first match counts. */
static const struct {
    const char *key;
    ql_foreign is;
} by_json_key[] = {
    { "\"error", { AN_ANSWER, DOWNLOAD } },
    { "\"message\"", { AN_ANSWER, DOWNLOAD } },
    { "\"detail\"", { AN_ANSWER, DOWNLOAD } },
    { "", { "a JSON text, not weights", "name a file that holds weights, or the folder of the model" } },
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
    { ".onnx", { "an ONNX model", CONVERT_ONNX } },
    { ".onnx_data", { "the data of an ONNX model", "read one tensor of it with --raw DTYPE:SHAPE:OFFSET" } },
    { ".onnx.data", { "the data of an ONNX model", "read one tensor of it with --raw DTYPE:SHAPE:OFFSET" } },
    { ".tflite", { "a TensorFlow Lite model", SAVE_ARRAYS } },
    { ".pb", { "a TensorFlow graph (protobuf)", SAVE_ARRAYS } },
    { ".data-00000-of-00001", { "a TensorFlow checkpoint", SAVE_ARRAYS } },
    { ".mlmodel", { "a Core ML model", "open the weights that it was converted from" } },
    { ".msgpack", { "a Flax checkpoint (msgpack)", SAVE_ARRAYS } },
    { ".engine", { "a TensorRT engine", "open the weights that it was built from" } },
    { ".weights", { "a Darknet file, numbers without names", "read some of them with --raw F32:COUNT:20" } },
};

static const ql_foreign onnx = { "an ONNX model", CONVERT_ONNX };

/* Moves past what may stand before a text. */
static void skip_space(const uint8_t **head, size_t *size)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
    if (*size >= sizeof mark && memcmp(*head, mark, sizeof mark) == 0) {
        *head += sizeof mark;
        *size -= sizeof mark;
    }
    while (*size > 0 && isspace(**head)) {
        ++*head;
        --*size;
    }
}

/* Whether row `i` of the table fits. */
static bool has_content(const ql_source *source, const uint8_t *head, size_t head_size, size_t i)
{
    enum { MOST = 32 };
    uint8_t there[MOST];
    const size_t size = by_content[i].size;
    if (by_content[i].is_text) {
        skip_space(&head, &head_size);
        return head_size >= size && strncasecmp((const char *)head, by_content[i].magic, size) == 0;
    }
    const uint64_t at = by_content[i].at, file_size = ql_source_size(source);
    if (file_size < size || at > file_size - size || size > MOST)
        return false;
    const void *bytes = at + size <= head_size ? head + at : ql_source_fetch(source, at, size, there, NULL);
    return bytes && memcmp(bytes, by_content[i].magic, size) == 0;
}

static const ql_foreign *find_in_json(const uint8_t *head, size_t head_size)
{
    skip_space(&head, &head_size);
    if (head_size == 0 || (*head != '{' && *head != '['))
        return NULL;
    do {
        head++;
        head_size--;
        skip_space(&head, &head_size);
    } while (head_size > 0 && *head == '{');
    if (head_size > 0 && *head != '"' && *head != '}' && *head != ']')
        return NULL;
    size_t i = 0;
    while (by_json_key[i].key[0] &&
           (head_size < strlen(by_json_key[i].key) || memcmp(head, by_json_key[i].key, strlen(by_json_key[i].key)) != 0))
        i++;
    return &by_json_key[i].is;
}

/* A protobuf ModelProto of onnx.proto mostly begins like this: | 08 ir_version | 12 length "pytorch" |, two fields. */
static bool is_onnx(const uint8_t *head, size_t head_size)
{
    enum { BEGIN = 4, VERSION_MOST = 32, NAME_MOST = 48 };
    if (head_size < BEGIN || head[0] != 0x08 || head[1] < 1 || head[1] > VERSION_MOST || head[2] != 0x12)
        return false;
    const size_t length = head[3];
    if (length < 1 || length > NAME_MOST || length > head_size - BEGIN)
        return false;
    for (size_t i = 0; i < length; i++)
        if (head[BEGIN + i] < 0x20 || head[BEGIN + i] > 0x7e)
            return false;
    return true;
}

const ql_foreign *ql_foreign_find(const ql_source *source, const uint8_t *head, size_t head_size)
{
    for (size_t i = 0; i < sizeof by_content / sizeof *by_content; i++)
        if (has_content(source, head, head_size, i))
            return &by_content[i].is;
    const ql_foreign *json = find_in_json(head, head_size);
    if (json)
        return json;
    const char *path = ql_source_path(source);
    const size_t size = strlen(path);
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++) {
        const size_t tail = strlen(by_name[i].extension);
        if (size > tail && strcasecmp(path + size - tail, by_name[i].extension) == 0)
            return &by_name[i].is;
    }
    return is_onnx(head, head_size) ? &onnx : NULL;
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
