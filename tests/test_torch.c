/*
 * PyTorch's files, made here by an assembler of pickles and a writer of zip archives: what is found in good ones, and that
 * every way of lying about names, storages and tensors is refused in one clear line.
 */
#include "testing.h"

#include "formats/limits.h"
#include "pickles.h"
#include "qloupe.h"
#include "tensor/tensor.h"
#include "zip.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>

/* ---- Files ---------------------------------------------------------------------------------------------------------- */

/* Numbers 0 .. 23 as bytes of any kind: the storage that most tests look at. */
static const float numbers[24] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 };

/* What a file is made of. Zeros mean the usual. */
typedef struct parts {
    const char *program; /* of data.pkl, between PROTO:2 and STOP */
    const bytes *pickle; /* or all of it */
    const char *byteorder, *version;
    const char *more; /* another entry */
    bool no_pickle, no_byteorder, deflate, wrong_crc;
    const void *storage; /* data/0; the usual are the 24 numbers */
    size_t storage_size;
} parts;

static bytes write_zip(const parts *p)
{
    bytes pickle = { 0 };
    zip_writer writer = { 0 };
    if (p->pickle) {
        put(&pickle, p->pickle->data, p->pickle->size);
    } else {
        assemble(&pickle, "PROTO:2");
        assemble(&pickle, p->program ? p->program : "EMPTY_DICT");
        assemble(&pickle, "STOP");
    }
    zip_entry entry = {
        .name = "archive/data.pkl", .data = pickle.data, .size = pickle.size, .deflate = p->deflate, .descriptor = true
    };
    if (p->wrong_crc)
        entry.crc = ZIP_LIE(12345);
    if (!p->no_pickle)
        zip_add(&writer, &entry);
    entry.data = p->byteorder ? p->byteorder : "little";
    entry.size = strlen(entry.data);
    entry.name = "archive/byteorder";
    if (!p->no_byteorder)
        zip_add(&writer, &entry);
    entry.name = "archive/data/0";
    entry.data = p->storage ? p->storage : numbers;
    entry.size = p->storage ? p->storage_size : sizeof numbers;
    zip_add(&writer, &entry);
    entry.name = "archive/version";
    entry.data = p->version ? p->version : "3\n";
    entry.size = strlen(entry.data);
    zip_add(&writer, &entry);
    entry.name = p->more;
    if (p->more)
        zip_add(&writer, &entry);
    zip_finish(&writer, NULL);
    bytes file = { 0 };
    put(&file, writer.file.data, writer.file.size);
    zip_free(&writer);
    free(pickle.data);
    return file;
}

/* A model and the file that it reads from. */
typedef struct opened {
    bytes file;
    ql_model *model;
} opened;

static opened open_bytes(bytes file)
{
    opened o = { .file = file };
    ql_error error = { 0 };
    if (ql_model_open_memory("folder/file.pt", file.data, file.size, QL_LAYOUT_AUTO, &o.model, &error) != QL_OK)
        fail_msg("%s", error.message);
    return o;
}

static opened open_parts(parts p)
{
    opened o = open_bytes(write_zip(&p));
    assert_string_equal(ql_model_format(o.model), "torch");
    return o;
}

static opened open_program(const char *program)
{
    return open_parts((parts) { .program = program });
}

static void done(opened *o)
{
    ql_model_free(&o->model);
    free(o->file.data);
}

/* Frees the file. */
static void assert_refused_bytes(bytes file, const char *words)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_model_open_memory("folder/file.pt", file.data, file.size, QL_LAYOUT_AUTO, &model, &error),
                     QL_BAD_FILE);
    assert_null(model);
    assert_memory_equal(error.message, "folder/file.pt: ", 16);
    assert_true(strstr(error.message, "; ") && strlen(error.message) < sizeof error.message - 1);
    for (const char *c = error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
    free(file.data);
}

static void assert_refused(parts p, const char *words)
{
    assert_refused_bytes(write_zip(&p), words);
}

static void assert_refused_program(const char *program, const char *words)
{
    assert_refused((parts) { .program = program }, words);
}

/* "a:F32:2x3 b:I64:" for all tensors, in the order of their data. */
static void assert_lists(opened *o, const char *expected)
{
    char listed[2000] = "", *at = listed;
    for (size_t i = 0; i < ql_model_tensor_count(o->model); i++) {
        const ql_tensor *t = ql_model_tensor(o->model, i);
        char name[1000];
        ql_text_print(name, sizeof name, t->name, 0);
        at += sprintf(at, "%s%s:%s:", i ? " " : "", name, ql_dtype_describe(t->dtype)->name);
        uint64_t elements = 1;
        for (unsigned axis = 0; axis < t->rank; elements *= t->shape[axis++])
            at += sprintf(at, "%s%" PRIu64, axis ? "x" : "", t->shape[axis]);
        assert_true(t->element_count == elements);
        assert_true(t->byte_count == elements * ql_dtype_describe(t->dtype)->block_bytes);
    }
    assert_string_equal(listed, expected);
}

static const ql_tensor *find(const opened *o, const char *name)
{
    size_t index = 0;
    if (ql_model_match(o->model, name, &index, 1) != 1)
        fail_msg("there is no %s", name);
    return ql_model_tensor(o->model, index);
}

/* All values, and the same piece by piece. */
static void assert_values(const opened *o, const char *name, const double *expected, size_t count)
{
    const ql_tensor *t = find(o, name);
    assert_true(t->element_count == count && count <= 64);
    double values[64];
    char scratch[4096];
    ql_error error = { 0 };
    assert_in_range(ql_tensor_scratch_size(t, count), 0, sizeof scratch);
    if (ql_tensor_read_f64(t, 0, count, values, scratch, &error) != QL_OK)
        fail_msg("%s", error.message);
    assert_memory_equal(values, expected, count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ql_tensor_read_f64(t, i, 1, values, scratch, &error), QL_OK);
        assert_true(values[0] == expected[i]);
    }
}

static bytes legacy_file(const char *program, const char *keys);

/* ---- What is found --------------------------------------------------------------------------------------------------- */

static void every_class_of_storages_is_a_type(void **state)
{
    (void)state;
    static const struct {
        const char *class, *dtype;
        unsigned size;
    } classes[] = {
        { "Double", "F64", 8 }, { "Float", "F32", 4 }, { "Half", "F16", 2 },         { "BFloat16", "BF16", 2 },
        { "Long", "I64", 8 },   { "Int", "I32", 4 },   { "Short", "I16", 2 },        { "Char", "I8", 1 },
        { "Byte", "U8", 1 },    { "Bool", "BOOL", 1 }, { "ComplexFloat", "C64", 8 }, { "Untyped", "U8", 1 },
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char program[300], expected[100];
        snprintf(program, sizeof program, "EMPTY_DICT str:w tensor:%sStorage,0,%u,0,2x3,3x1 SETITEM", classes[i].class,
                 96 / classes[i].size);
        snprintf(expected, sizeof expected, "w:%s:2x3", classes[i].dtype);
        opened o = open_program(program);
        assert_lists(&o, expected);
        const ql_tensor *t = ql_model_tensor(o.model, 0);
        assert_memory_equal(o.file.data + t->offset, numbers, sizeof numbers);
        assert_string_equal(ql_model_note(o.model), "");
        done(&o);
    }
}

/* A tensor whose type is the last argument. */
#define TYPED(count, dtype, sizes, strides)                                                                                 \
    "GLOBAL:torch._utils,_rebuild_tensor_v3 MARK storage:UntypedStorage,0,96 int:" count " MARK int:" sizes                 \
    " TUPLE MARK int:" strides " TUPLE NEWFALSE od GLOBAL:torch," dtype " TUPLE REDUCE"

static void types_without_a_class_come_as_an_argument(void **state)
{
    (void)state;
    static const struct {
        const char *dtype, *shown;
    } types[] = {
        { "uint16", "U16" },
        { "uint32", "U32" },
        { "uint64", "U64" },
        { "float32", "F32" },
        { "float8_e4m3fn", "F8_E4M3" },
        { "float8_e5m2", "F8_E5M2" },
        { "float8_e4m3fnuz", "F8_E4M3FNUZ" },
        { "float8_e5m2fnuz", "F8_E5M2FNUZ" },
        { "float8_e8m0fnu", "F8_E8M0" },
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char program[500], expected[100];
        snprintf(program, sizeof program,
                 "EMPTY_DICT str:w GLOBAL:torch._utils,_rebuild_tensor_v3 MARK storage:UntypedStorage,0,96 int:1 MARK int:5 "
                 "TUPLE MARK int:2 TUPLE NEWFALSE od GLOBAL:torch,%s TUPLE REDUCE SETITEM",
                 types[i].dtype);
        snprintf(expected, sizeof expected, "w:%s:5", types[i].shown);
        opened o = open_program(program);
        assert_lists(&o, expected);
        done(&o);
    }
    /* Bounds are in elements of that type: 12 of 8 bytes. */
    opened o = open_program("EMPTY_DICT str:w " TYPED("11", "uint64", "1", "1") " SETITEM");
    done(&o);
    assert_refused_program("EMPTY_DICT str:w " TYPED("12", "uint64", "1", "1") " SETITEM",
                           "tensor 'w': its elements do not lie inside its storage of 12 elements (data.pkl, byte ");
    assert_refused_program("EMPTY_DICT str:w " TYPED("0", "uint64", "2", "12") " SETITEM", "do not lie inside");
}

static void names_are_the_keys_on_the_way(void **state)
{
    (void)state;
#define T "tensor:FloatStorage,0,24,"
    static const struct {
        const char *program, *listed;
    } cases[] = {
        { "od", "" },
        { "NONE", "" },
        { T "0,2,1", "file:F32:2" }, /* alone: named after the file */
        { "EMPTY_LIST " T "0,2,1 APPEND NONE APPEND " T "2,-,- APPEND", "0:F32:2 2:F32:" },
        { T "0,2,1 " T "2,3,1 TUPLE2", "0:F32:2 1:F32:3" },
        { "od str:a od str:b EMPTY_LIST int:5 APPEND EMPTY_DICT str:c " T "0,1,1 SETITEM APPEND SETITEM SETITEM",
          "a.b.1.c:F32:1" },
        { "EMPTY_DICT str:a.b " T "0,1,1 SETITEM str: " T "1,1,1 SETITEM", "a.b:F32:1 :F32:1" },
        { "EMPTY_DICT str: EMPTY_DICT str: " T "0,1,1 SETITEM SETITEM", ".:F32:1" },
        /* Keys that are no strings lead nowhere. */
        { "EMPTY_DICT int:7 " T "0,1,1 SETITEM NONE " T "0,1,1 SETITEM EMPTY_TUPLE " T "0,1,1 SETITEM str:x " T
          "1,1,1 SETITEM "
          "int:8 EMPTY_DICT str:y " T "0,1,1 SETITEM SETITEM SHORT_BINBYTES:z " T "0,1,1 SETITEM",
          "x:F32:1" },
        /* Of equal keys the last counts, whatever it is. */
        { "EMPTY_DICT str:w " T "0,1,1 SETITEM str:w " T "1,2,1 SETITEM", "w:F32:2" },
        { "EMPTY_DICT str:w " T "0,1,1 SETITEM str:w NONE SETITEM", "" },
        { "EMPTY_DICT str:a EMPTY_DICT str:x " T "0,1,1 SETITEM str:y " T "0,1,1 SETITEM SETITEM "
          "str:a EMPTY_DICT str:x " T "1,1,1 SETITEM SETITEM",
          "a.x:F32:1" },
        /* A tensor has as many names as it is held by, a container one. */
        { "EMPTY_DICT str:a " T "0,1,1 BINPUT:0 SETITEM str:b BINGET:0 SETITEM", "a:F32:1 b:F32:1" },
        { "EMPTY_DICT str:a EMPTY_DICT str:x " T "0,1,1 SETITEM BINPUT:0 SETITEM str:b BINGET:0 SETITEM", "a.x:F32:1" },
        { "EMPTY_DICT BINPUT:0 str:self BINGET:0 SETITEM str:w " T "0,1,1 SETITEM", "w:F32:1" },
        { "EMPTY_LIST BINPUT:0 BINGET:0 APPEND BINGET:0 TUPLE1 APPEND " T "0,1,1 APPEND", "2:F32:1" },
        /* Other values are passed over. */
        { "od str:epoch int:3 SETITEM str:lr BINFLOAT:0.1 SETITEM str:name str:x SETITEM str:dtype GLOBAL:torch,float16 "
          "SETITEM "
          "str:shape GLOBAL:torch,Size int:2 TUPLE1 TUPLE1 REDUCE SETITEM str:s storage:FloatStorage,0,24 SETITEM "
          "str:device GLOBAL:torch,device str:cuda int:0 TUPLE2 REDUCE SETITEM str:w " T "0,1,1 SETITEM",
          "w:F32:1" },
        /* state_dict() of a module: attributes on the OrderedDict. */
        { "od str:w " T "0,1,1 SETITEM EMPTY_DICT str:_metadata " T "0,2,1 SETITEM BUILD", "w:F32:1" },
        /* Pairs given at once, as in Python 2. */
        { "GLOBAL:collections,OrderedDict EMPTY_LIST MARK EMPTY_LIST str:a APPEND " T "0,1,1 APPEND str:b " T "1,1,1 TUPLE2 "
          "APPENDS TUPLE1 REDUCE",
          "a:F32:1 b:F32:1" },
        /* Protocol 4. */
        { "PROTO:4 FRAME:9 EMPTY_DICT MEMOIZE SHORT_BINUNICODE:w SHORT_BINUNICODE:torch._utils "
          "SHORT_BINUNICODE:_rebuild_tensor_v2 "
          "STACK_GLOBAL MEMOIZE MARK storage:FloatStorage,0,24 int:0 int:2 TUPLE1 int:1 TUPLE1 NEWFALSE od NONE TUPLE "
          "REDUCE "
          "SETITEM",
          "w:F32:2" },
        /* Wrappers. */
        { "EMPTY_DICT str:w GLOBAL:torch._utils,_rebuild_parameter " T "0,1,1 NEWTRUE od TUPLE3 REDUCE SETITEM", "w:F32:1" },
        { "EMPTY_DICT str:w GLOBAL:torch._utils,_rebuild_parameter_with_state MARK " T
          "0,1,1 NEWTRUE od NONE TUPLE REDUCE SETITEM",
          "w:F32:1" },
        { "EMPTY_DICT str:w GLOBAL:torch.nn.parameter,Parameter " T "0,1,1 NEWTRUE TUPLE2 NEWOBJ SETITEM", "w:F32:1" },
        { "EMPTY_DICT str:w GLOBAL:torch._utils,_rebuild_tensor MARK storage:FloatStorage,0,24 int:0 GLOBAL:torch,Size "
          "int:2 TUPLE1 "
          "TUPLE1 REDUCE int:1 TUPLE1 TUPLE REDUCE SETITEM",
          "w:F32:2" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o = open_program(cases[i].program);
        assert_lists(&o, cases[i].listed);
        assert_string_equal(ql_model_note(o.model), "");
        done(&o);
    }
}

static void a_name_that_two_ways_lead_to_is_that_of_the_last(void **state)
{
    (void)state;
    opened o = open_program("EMPTY_DICT str:x " T "0,1,1 SETITEM str:a EMPTY_DICT str:b EMPTY_DICT str:d " T "0,1,1 SETITEM "
                            "SETITEM str:b.d " T "1,1,1 SETITEM SETITEM str:a.b.d " T "2,2,1 SETITEM");
    assert_lists(&o, "x:F32:1 a.b.d:F32:2");
    assert_string_equal(ql_model_note(o.model), "2 tensors are not listed: a later one has the same name");
    done(&o);
}

static void views_are_read_by_their_strides(void **state)
{
    (void)state;
    opened o = open_program("EMPTY_DICT MARK "
                            "str:base " T "0,4x6,6x1 "
                            "str:t " T "0,6x4,1x6 "
                            "str:col " T "1,4,6 "
                            "str:exp " T "3,3x2,0x1 "
                            "str:scalar " T "23,-,- "
                            "str:ones " T "5,1x1x2,999x7x1 "
                            "str:part " T "7,2x2x2,12x2x1 "
                            "str:empty " T "24,3x0,0x1 "
                            "str:overlapping " T "0,3x3,1x1 SETITEMS");
    double base[24], t[24], part[8], overlapping[9];
    for (int i = 0; i < 24; i++)
        base[i] = i;
    for (int i = 0; i < 24; i++)
        t[i] = i / 4 + 6 * (i % 4);
    for (int i = 0; i < 8; i++)
        part[i] = 7 + i / 4 * 12 + i / 2 % 2 * 2 + i % 2;
    for (int i = 0; i < 9; i++)
        overlapping[i] = i / 3 + i % 3;
    assert_values(&o, "base", base, 24);
    assert_values(&o, "t", t, 24);
    assert_values(&o, "col", (double[]) { 1, 7, 13, 19 }, 4);
    assert_values(&o, "exp", (double[]) { 3, 4, 3, 4, 3, 4 }, 6);
    assert_values(&o, "scalar", (double[]) { 23 }, 1);
    assert_values(&o, "ones", (double[]) { 5, 6 }, 2);
    assert_values(&o, "part", part, 8);
    assert_values(&o, "empty", base, 0);
    assert_values(&o, "overlapping", overlapping, 9);
    const uint64_t begin = find(&o, "base")->offset;
    assert_memory_equal(o.file.data + begin, numbers, sizeof numbers);
    assert_true(find(&o, "t")->offset == begin && find(&o, "col")->offset == begin + 4);
    assert_true(find(&o, "scalar")->offset == begin + 92 && find(&o, "empty")->offset == begin + 96);
    for (size_t i = 1; i < ql_model_tensor_count(o.model); i++)
        assert_true(ql_model_tensor(o.model, i - 1)->offset <= ql_model_tensor(o.model, i)->offset);
    done(&o);
}

static void big_endian_and_compressed_files_have_the_same_values(void **state)
{
    (void)state;
    static const char *const program = "EMPTY_DICT str:w " T "2,3,1 SETITEM str:t " T "0,2x2,1x2 SETITEM";
    uint32_t swapped[24];
    for (int i = 0; i < 24; i++) {
        memcpy(&swapped[i], &numbers[i], 4);
        swapped[i] = __builtin_bswap32(swapped[i]);
    }
    const parts files[] = {
        { .program = program },
        { .program = program, .no_byteorder = true },
        { .program = program, .deflate = true },
        { .program = program, .wrong_crc = true },
        { .program = program, .version = "text" },
        { .program = program, .byteorder = "big", .storage = swapped, .storage_size = sizeof swapped },
        { .program = program, .byteorder = "big", .storage = swapped, .storage_size = sizeof swapped, .deflate = true },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        opened o = open_parts(files[i]);
        assert_values(&o, "w", (double[]) { 2, 3, 4 }, 3);
        assert_values(&o, "t", (double[]) { 0, 2, 1, 3 }, 4);
        assert_int_equal(find(&o, "w")->offset == QL_NO_OFFSET, files[i].deflate);
        done(&o);
    }
}

static void what_cannot_be_shown_is_counted_in_the_note(void **state)
{
    (void)state;
#define QUANTIZED                                                                                                           \
    "GLOBAL:torch._utils,_rebuild_qtensor MARK storage:QInt8Storage,0,96 int:0 int:2 TUPLE1 int:1 TUPLE1 "                  \
    "GLOBAL:torch,per_tensor_affine BINFLOAT:0.5 int:0 TUPLE3 NEWFALSE od TUPLE REDUCE"
#define SPARSE                                                                                                              \
    "GLOBAL:torch._utils,_rebuild_sparse_tensor GLOBAL:torch.serialization,_get_layout str:torch.sparse_coo TUPLE1 REDUCE " \
    "NONE NONE TUPLE2 TUPLE2 REDUCE"
    opened o = open_program("EMPTY_DICT str:q " QUANTIZED " SETITEM");
    assert_lists(&o, "");
    assert_string_equal(ql_model_note(o.model), "1 tensor is not listed: quantized, sparse, or of a type like complex128");
    done(&o);
    o = open_program("EMPTY_DICT str:s " SPARSE " SETITEM str:c tensor:ComplexDoubleStorage,0,6,0,6,1 SETITEM");
    assert_lists(&o, "");
    assert_string_equal(ql_model_note(o.model), "2 tensors are not listed: quantized, sparse, or of a type like complex128");
    done(&o);
    o = open_program("EMPTY_DICT str:w " TYPED("0", "uint16", "2", "1") " SETITEM str:s " SPARSE " SETITEM int:3 " SPARSE
                                                                        " SETITEM");
    assert_lists(&o, "w:U16:2");
    assert_string_equal(ql_model_note(o.model), "1 tensor is not listed: quantized, sparse, or of a type like complex128");
    done(&o);
}

/* ---- What is refused ------------------------------------------------------------------------------------------------- */

static void nothing_is_called_that_makes_no_tensor(void **state)
{
    (void)state;
    static const struct {
        const char *program, *words;
    } cases[] = {
        { "EMPTY_DICT str:w GLOBAL:os,system str:x TUPLE1 REDUCE SETITEM",
          "os.system: not a weight file's name, nothing was run (data.pkl, byte 9); save the model's state_dict()" },
        { "GLOBAL:posix,system POP od", "posix.system: not a weight file's name" },
        { "GLOBAL:os,system str:true TUPLE1 REDUCE POP od str:w " T "0,1,1 SETITEM", "os.system: not" },
        { "GLOBAL:builtins,eval str:1 TUPLE1 REDUCE", "builtins.eval: not" },
        { "GLOBAL:builtins,getattr", "builtins.getattr: not" },
        { "GLOBAL:__builtin__,set", "__builtin__.set: not" },
        { "GLOBAL:torch,load", "torch.load: not" },
        { "GLOBAL:os,Size", "os.Size: not" },
        { "GLOBAL:torch.hub,load", "torch.hub.load: not" },
        { "GLOBAL:torch,os.system", "torch.os.system: not" },
        { "GLOBAL:torch.storage,_load_from_bytes", "torch.storage._load_from_bytes: not" },
        { "GLOBAL:torch._utils,_import_dotted_name", "torch._utils._import_dotted_name: not" },
        { "GLOBAL:torch._utils,_rebuild_tensor_v2.__globals__", "_rebuild_tensor_v2.__globals__: not" },
        { "GLOBAL:numpy.core.multiarray,scalar", "numpy.core.multiarray.scalar: not" },
        { "GLOBAL:__torch__.torch.nn,Linear", "__torch__.torch.nn.Linear: not" },
        { "GLOBAL:torch.nn.modules.linear,Linear EMPTY_TUPLE NEWOBJ", "torch.nn.modules.linear.Linear: not" },
        { "PROTO:4 str:os str:system STACK_GLOBAL", "os.system: not" },
        { "MARK str:true INST:os,system", "opcode INST: not used by weight files, nothing was run" },
        { "MARK GLOBAL:torch,Size OBJ", "opcode OBJ: not used" },
        { "EXT1:1", "opcode EXT1: not used" },
        { "PERSID:storage", "opcode PERSID: not used" },
        { "x5b", "byte 0x5b is no opcode" },
        /* Listed and still not to be called. */
        { "GLOBAL:torch,FloatStorage EMPTY_TUPLE REDUCE", "REDUCE of torch.FloatStorage, which weight files do not call" },
        { "GLOBAL:torch,FloatStorage EMPTY_TUPLE NEWOBJ", "NEWOBJ of torch.FloatStorage, which weight files do not call" },
        { "GLOBAL:torch,float32 EMPTY_TUPLE REDUCE", "REDUCE of torch.float32, which" },
        { "GLOBAL:torch.storage,TypedStorage EMPTY_TUPLE REDUCE", "REDUCE of torch.storage.TypedStorage, which" },
        { "GLOBAL:torch._utils,_rebuild_tensor_v2 EMPTY_TUPLE NEWOBJ", "NEWOBJ of torch._utils._rebuild_tensor_v2, which" },
        { T "0,1,1 EMPTY_DICT BUILD", "BUILD gives attributes to an object" },
        { "EMPTY_DICT EMPTY_DICT str:__setstate__ NONE SETITEM BUILD", "BUILD gives attributes to a dict" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused_program(cases[i].program, cases[i].words);
}

static void arguments_are_of_the_kinds_that_are_needed(void **state)
{
    (void)state;
#define REBUILD "GLOBAL:torch._utils,_rebuild_tensor_v2 MARK "
#define S       "storage:FloatStorage,0,24 "
    static const struct {
        const char *program, *words;
    } cases[] = {
        { REBUILD S "int:0 TUPLE REDUCE", "_rebuild_tensor_v2 is given 2 values, not 6 to 7" },
        { REBUILD S "int:0 EMPTY_TUPLE EMPTY_TUPLE NEWFALSE od NONE NONE TUPLE REDUCE", "is given 8 values, not 6 to 7" },
        { REBUILD "str:a str:b str:c str:d NONE NONE TUPLE REDUCE",
          "_rebuild_tensor_v2 is given a string where a storage should be (value 1)" },
        { REBUILD S "str:0 EMPTY_TUPLE EMPTY_TUPLE NEWFALSE od TUPLE REDUCE",
          "a string where an integer should be (value 2)" },
        { REBUILD S "NEWTRUE EMPTY_TUPLE EMPTY_TUPLE NEWFALSE od TUPLE REDUCE",
          "a bool where an integer should be (value 2)" },
        { REBUILD S "x8a09ffffffffffffffff00 EMPTY_TUPLE EMPTY_TUPLE NEWFALSE od TUPLE REDUCE",
          "a large integer where an integer should be (value 2)" },
        { REBUILD S "int:0 EMPTY_LIST EMPTY_TUPLE NEWFALSE od TUPLE REDUCE", "a list where a tuple should be (value 3)" },
        { REBUILD S "int:0 EMPTY_TUPLE int:1 NEWFALSE od TUPLE REDUCE", "an integer where a tuple should be (value 4)" },
        { "GLOBAL:torch._utils,_rebuild_parameter NONE NEWTRUE od TUPLE3 REDUCE",
          "_rebuild_parameter is given None where a tensor should be (value 1)" },
        { "GLOBAL:torch._utils,_rebuild_parameter GLOBAL:torch,device EMPTY_TUPLE REDUCE NEWTRUE od TUPLE3 REDUCE",
          "_rebuild_parameter is given an object where a tensor should be" },
        { "GLOBAL:torch._utils,_rebuild_tensor_v3 MARK " S "int:0 EMPTY_TUPLE EMPTY_TUPLE NEWFALSE od NONE TUPLE REDUCE",
          "None where a dtype should be (value 7)" },
        { "GLOBAL:torch._utils,_rebuild_tensor_v3 MARK " S
          "int:0 EMPTY_TUPLE EMPTY_TUPLE NEWFALSE od GLOBAL:torch,FloatStorage TUPLE REDUCE",
          "a plain name where a dtype should be (value 7)" },
        { "GLOBAL:torch,Size int:1 TUPLE1 REDUCE", "Size is given an integer where a tuple should be" },
        { "GLOBAL:collections,OrderedDict int:1 TUPLE1 REDUCE", "OrderedDict is given an integer, not a list of pairs" },
        { "GLOBAL:collections,OrderedDict EMPTY_LIST int:1 APPEND TUPLE1 REDUCE",
          "a list with an integer in it that is no pair" },
        { "GLOBAL:collections,OrderedDict EMPTY_LIST int:1 int:2 int:3 TUPLE3 APPEND TUPLE1 REDUCE", "that is no pair" },
        { "GLOBAL:collections,OrderedDict EMPTY_LIST EMPTY_LIST int:2 TUPLE2 APPEND TUPLE1 REDUCE",
          "a list is the key of a dict" },
        { "str:storage BINPERSID", "BINPERSID needs a tuple, not a string" },
        { "str:storage GLOBAL:torch,FloatStorage TUPLE2 BINPERSID", "BINPERSID is given 2 values, not 5 to 6" },
        { "MARK str:module GLOBAL:torch,FloatStorage str:0 str:cpu int:4 TUPLE BINPERSID", "something that is no storage" },
        { "MARK str:storage GLOBAL:torch,float32 str:0 str:cpu int:4 TUPLE BINPERSID",
          "BINPERSID is given a plain name where a class of storages should be (value 2)" },
        { "MARK str:storage GLOBAL:torch.storage,TypedStorage str:0 str:cpu int:4 TUPLE BINPERSID",
          "where a class of storages" },
        { "MARK str:storage GLOBAL:torch,FloatStorage int:0 str:cpu int:4 TUPLE BINPERSID",
          "an integer where a string should be (value 3)" },
        { "MARK str:storage GLOBAL:torch,FloatStorage str:0 str:cpu str:4 TUPLE BINPERSID",
          "a string where an integer should be (value 5)" },
        { "MARK str:storage GLOBAL:torch,FloatStorage str:0 str:cpu int:24 int:1 TUPLE BINPERSID",
          "the view of a storage is an integer" },
        { "MARK str:storage GLOBAL:torch,FloatStorage str:0 str:cpu int:24 EMPTY_TUPLE TUPLE BINPERSID",
          "the view of a storage is given 0 values, not 3 to 3" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused_program(cases[i].program, cases[i].words);
}

static void storages_are_what_the_archive_has(void **state)
{
    (void)state;
    static const struct {
        const char *program, *words;
    } cases[] = {
        { "storage:FloatStorage,7,24", "storage '7' is not in the file (data.pkl, byte " },
        { "storage:FloatStorage,../../../../etc/passwd,24", "storage '../../../../etc/passwd' is not in the file" },
        { "storage:FloatStorage,../data/0,24", "storage '../data/0' is not in the file" },
        { "storage:FloatStorage,,24", "storage '' is not in the file" },
        { "storage:FloatStorage,00,24", "storage '00' is not in the file" },
        { "storage:FloatStorage,0,25", "storage '0' has 96 bytes, not 25 elements of 4 (FloatStorage)" },
        { "storage:FloatStorage,0,23", "storage '0' has 96 bytes, not 23 elements" },
        { "storage:FloatStorage,0,-24", "not -24 elements" },
        { "storage:FloatStorage,0,4611686018427387928", "not 4611686018427387928 elements" }, /* x 4 wraps to 96 */
        { "storage:FloatStorage,0,24 storage:IntStorage,0,24 TUPLE2",
          "storage '0' is a IntStorage here and a FloatStorage before" },
        { "storage:FloatStorage,0,24 storage:DoubleStorage,0,12 TUPLE2", "storage '0' is a DoubleStorage here and" },
        { "storage:FloatStorage,0,24 storage:FloatStorage,0,12 TUPLE2", "not 12 elements" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused_program(cases[i].program, cases[i].words);
}

static void tensors_lie_inside_their_storages(void **state)
{
    (void)state;
    static const struct {
        const char *tensor, *words;
    } cases[] = {
        { "0,25,1", "tensor 'w': its elements do not lie inside its storage of 24 elements (data.pkl, byte " },
        { "23,2,1", "do not lie inside" },
        { "24,-,-", "do not lie inside" },
        { "25,0,1", "do not lie inside" },
        { "-1,1,1", "do not lie inside" },
        { "4611686018427387904,1,1", "do not lie inside" },
        { "9223372036854775807,2,9223372036854775807", "do not lie inside" },
        { "0,4x6,7x1", "do not lie inside" },
        { "0,3,9223372036854775807", "do not lie inside" },
        { "0,5,4611686018427387904", "do not lie inside" },
        { "0,4x4x4,6148914691236517205x6148914691236517205x6148914691236517206", "do not lie inside" },
        { "3,4,-1", "its strides hold something that is no integer from 0 to 2^63-1" },
        { "0,-2x-2,2x1", "its sizes hold something that is no integer" },
        { "0,4294967296x4294967296,0x0", "its sizes ask for more than 2^64 bytes" },
        { "0,4294967296x2147483648,0x0", "its sizes ask for more than 2^64 bytes" },
        { "0,9223372036854775807x3x0,0x0x0", "its sizes ask for more than 2^64 bytes" },
        { "0,1099511627776,0", "1099511627776 elements out of 24 stored ones are not under the limit of 2^40" },
        { "0,1048576x1048576,0x0", "1099511627776 elements out of 24" },
        { "0,2x2,1", "it has 2 sizes and 1 strides" },
        { "0,-,1", "it has 0 sizes and 1 strides" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char program[300];
        snprintf(program, sizeof program, "od str:w tensor:FloatStorage,0,24,%s SETITEM", cases[i].tensor);
        assert_refused_program(program, cases[i].words);
    }
    /* The largest that is taken, and whose values are not read: an hour of the same number. */
    opened o = open_program("od MARK str:w " T "0,1099511627775,0 str:v " T "3,268435456,0 SETITEMS");
    const ql_tensor *largest = find(&o, "w");
    assert_true(largest->element_count == 1099511627775);
    float value;
    char scratch[64];
    ql_error error = { 0 };
    assert_int_equal(ql_tensor_read_f32(largest, 7, 1, &value, scratch, &error), QL_UNUSABLE);
    assert_non_null(strstr(error.message, "'w': repeats 4 stored bytes in 1099511627775 elements"));
    assert_int_equal(ql_tensor_read_f32(find(&o, "v"), 268435455, 1, &value, scratch, &error), QL_OK);
    assert_true(value == 3);
    done(&o);
    /* Kinds of sizes. */
    assert_refused_program("od str:w " REBUILD S "int:0 NONE TUPLE1 int:1 TUPLE1 NEWFALSE od TUPLE REDUCE SETITEM",
                           "its sizes hold something that is no integer");
    assert_refused_program("od str:w " REBUILD S "int:0 int:1 TUPLE1 BINFLOAT:1 TUPLE1 NEWFALSE od TUPLE REDUCE SETITEM",
                           "its strides hold something that is no integer");
}

static void ranks_up_to_64_are_taken(void **state)
{
    (void)state;
    for (unsigned rank = 64; rank <= 65; rank++) {
        bytes pickle = assembled("EMPTY_DICT str:w " REBUILD S "int:0");
        for (unsigned k = 0; k < 2; k++) {
            assemble(&pickle, "MARK");
            for (unsigned i = 0; i < rank; i++)
                assemble(&pickle, "int:1");
            assemble(&pickle, "TUPLE");
        }
        assemble(&pickle, "NEWFALSE od TUPLE REDUCE SETITEM STOP");
        if (rank == 64) {
            opened o = open_parts((parts) { .pickle = &pickle });
            assert_int_equal(find(&o, "w")->rank, 64);
            done(&o);
        } else {
            assert_refused((parts) { .pickle = &pickle }, "tensor 'w': 65 sizes are more than the limit of 64");
        }
        free(pickle.data);
    }
}

static void the_archive_is_one_of_weights(void **state)
{
    (void)state;
    assert_refused((parts) { .no_pickle = true }, "the archive holds no data.pkl; save it again with torch.save");
    assert_refused((parts) { .more = "other/data.pkl" }, "two entries of the archive are a data.pkl");
    assert_refused((parts) { .more = "archive/constants.pkl" }, "is a TorchScript program; save its state_dict()");
    assert_refused((parts) { .more = "archive/code/__torch__.py", .no_pickle = true }, "is a TorchScript program");
    assert_refused((parts) { .byteorder = "middle" }, "its byteorder is neither little nor big");
    assert_refused((parts) { .byteorder = "" }, "its byteorder is neither little nor big");
    assert_refused((parts) { .byteorder = "little\n" }, "its byteorder is neither little nor big");
    bytes pickle = assembled("PROTO:2 EMPTY_DICT STOP NONE");
    assert_refused((parts) { .pickle = &pickle }, "1 bytes follow after the end of the pickle (data.pkl, byte 4)");
    pickle.size = 3;
    assert_refused((parts) { .pickle = &pickle }, "the pickle ends without STOP (data.pkl, byte 3)");
    pickle.size = 0;
    assert_refused((parts) { .pickle = &pickle }, "the pickle ends without STOP (data.pkl, byte 0)");
    free(pickle.data);
    assert_refused((parts) { .program = "storage:FloatStorage,a/b,24", .more = "archive/data/a/b" },
                   "storage 'a/b' is not in the file");
    /* A data.pkl deeper down or elsewhere is only an entry. */
    opened o = open_parts((parts) { .more = "archive/data/data.pkl" });
    done(&o);
    o = open_parts((parts) { .more = "data.pkl" });
    done(&o);
}

static void keys_of_storages_are_short(void **state)
{
    (void)state;
    /* They are looked up for every storage that the pickle names, and one string may be the key of millions. */
    char key[257];
    memset(key, 'k', sizeof key);
    for (size_t size = 255; size <= 256; size++) {
        char program[600], keys[300], words[100];
        snprintf(program, sizeof program, "storage:FloatStorage,%.*s,24", (int)size, key);
        snprintf(words, sizeof words, "a storage with a key of %zu bytes, over the limit of 255", size);
        assert_refused_program(program, size > 255 ? words : "is not in the file");
        snprintf(keys, sizeof keys, "str:%.*s", (int)size, key);
        assert_refused_bytes(legacy_file("od", keys),
                             size > 255 ? "not a string of at most 255 bytes" : "belongs to nothing in the pickle");
    }
}

/* ---- What a file may cost --------------------------------------------------------------------------------------------- */

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    for (unsigned depth = QL_LIMIT_PICKLE_DEPTH; depth <= QL_LIMIT_PICKLE_DEPTH + 1; depth++) {
        bytes pickle = assembled(T "0,1,1");
        for (unsigned i = 0; i < depth; i++)
            assemble(&pickle, "TUPLE1");
        assemble(&pickle, "STOP");
        if (depth > QL_LIMIT_PICKLE_DEPTH) {
            assert_refused((parts) { .pickle = &pickle },
                           "containers are nested deeper than the limit of 1000 (data.pkl, byte ");
        } else {
            opened o = open_parts((parts) { .pickle = &pickle });
            assert_int_equal(ql_model_tensor(o.model, 0)->name.size, 2 * QL_LIMIT_PICKLE_DEPTH - 1);
            done(&o);
        }
        free(pickle.data);
    }
}

static void lists_of_lists_of_lists_are_walked_once(void **state)
{
    (void)state;
    bytes pickle = assembled("EMPTY_LIST BINPUT:0 " T "0,1,1 APPEND");
    for (unsigned i = 1; i < 200; i++) {
        char word[40];
        assemble(&pickle, "EMPTY_LIST MARK");
        snprintf(word, sizeof word, "BINGET:%u", i - 1);
        for (unsigned k = 0; k < 10; k++)
            assemble(&pickle, word);
        snprintf(word, sizeof word, "APPENDS BINPUT:%u", i);
        assemble(&pickle, word);
    }
    assemble(&pickle, "STOP");
    opened o = open_parts((parts) { .pickle = &pickle });
    assert_int_equal(ql_model_tensor_count(o.model), 1);
    done(&o);
    free(pickle.data);
}

static void a_tensor_that_is_held_too_often_is_refused(void **state)
{
    (void)state;
    bytes pickle = assembled(T "0,1,1 BINPUT:0 EMPTY_LIST MARK");
    for (unsigned i = 0; i < 9000000; i++)
        put(&pickle, "h\0", 2);
    assemble(&pickle, "APPENDS STOP");
    assert_refused((parts) { .pickle = &pickle, .deflate = true },
                   "its values take more memory than the limit of 536870912");
    free(pickle.data);
}

static void long_names_cost_only_where_they_lead_to_tensors(void **state)
{
    (void)state;
    /* One key of 1 MiB, a million times on the way to nothing; then to a tensor, a byte too long; then to very many. */
    enum { KEY = 1 << 20 };
    char *key = malloc(KEY);
    assert_non_null(key);
    memset(key, 'k', KEY);
    bytes begin = assembled(T "0,1,1 BINPUT:0 POP");
    put_opcode(&begin, "BINUNICODE", key, KEY);
    free(key);
    assemble(&begin, "BINPUT:1 POP");
    bytes pickle = { 0 };
    put(&pickle, begin.data, begin.size);
    assemble(&pickle, "EMPTY_LIST MARK");
    for (unsigned i = 0; i < 1000000; i++)
        put(&pickle, "}h\1]s", 5);
    assemble(&pickle, "APPENDS STOP");
    opened o = open_parts((parts) { .pickle = &pickle, .deflate = true });
    assert_lists(&o, "");
    done(&o);

    pickle.size = begin.size;
    assemble(&pickle, "EMPTY_DICT BINGET:1 BINGET:0 SETITEM STOP");
    o = open_parts((parts) { .pickle = &pickle, .deflate = true });
    assert_int_equal(ql_model_tensor(o.model, 0)->name.size, KEY);
    done(&o);

    pickle.size = begin.size;
    assemble(&pickle, "EMPTY_LIST EMPTY_DICT BINGET:1 BINGET:0 SETITEM APPEND STOP");
    assert_refused((parts) { .pickle = &pickle, .deflate = true }, "a name of 1048578 bytes is over the limit of 1048576");

    key = malloc(KEY);
    assert_non_null(key);
    memset(key, 'k', KEY);
    pickle.size = 0;
    assemble(&pickle, T "0,1,1 BINPUT:0 POP EMPTY_DICT");
    put_opcode(&pickle, "BINUNICODE", key, KEY - 10);
    free(key);
    assemble(&pickle, "EMPTY_LIST MARK");
    for (unsigned i = 0; i < 10000; i++)
        put(&pickle, "h\0", 2);
    assemble(&pickle, "APPENDS SETITEM STOP");
    assert_refused((parts) { .pickle = &pickle, .deflate = true }, "its values take more memory than the limit");
    free(pickle.data);
    free(begin.data);
}

static void a_hundred_thousand_tensors_are_listed(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    bytes pickle = assembled("PROTO:2 EMPTY_DICT MARK");
    for (unsigned i = 0; i < COUNT; i++) {
        char words[200];
        snprintf(words, sizeof words, "str:layers.%u.weight tensor:FloatStorage,0,24,%u,2,1", i, (i * 7) % 23);
        assemble(&pickle, words);
    }
    assemble(&pickle, "SETITEMS STOP");
    opened o = open_parts((parts) { .pickle = &pickle });
    assert_int_equal(ql_model_tensor_count(o.model), COUNT);
    assert_values(&o, "layers.99998.weight", (double[]) { 99998 * 7 % 23, 99998 * 7 % 23 + 1 }, 2);
    done(&o);
    free(pickle.data);
}

/* ---- Damage ----------------------------------------------------------------------------------------------------------- */

static const char *const rich = "od str:w " T "0,4x6,6x1 SETITEM str:sub EMPTY_DICT str:t " T "0,6x4,1x6 SETITEM str:p "
                                "GLOBAL:torch._utils,_rebuild_parameter " T "3,2,1 NEWTRUE od TUPLE3 REDUCE SETITEM SETITEM "
                                "EMPTY_DICT str:_metadata od SETITEM BUILD";

static void files_cut_at_any_byte_are_refused(void **state)
{
    (void)state;
    bytes files[] = { write_zip(&(parts) { .program = rich }), legacy_file(rich, "str:0") };
    for (size_t i = 0; i < 2; i++) {
        for (size_t size = 1; size < files[i].size; size++) {
            bytes cut = { 0 };
            put(&cut, files[i].data, size);
            assert_refused_bytes(cut, "");
        }
        free(files[i].data);
    }
}

static void no_changed_byte_leads_outside_the_file(void **state)
{
    (void)state;
    const unsigned seed = 20240614;
    print_message("seed %u\n", seed);
    srand(seed);
    bytes files[] = { write_zip(&(parts) { .program = rich }), legacy_file(rich, "str:0"),
                      write_zip(&(parts) { .program = rich, .deflate = true }) };
    for (size_t i = 0; i < 3; i++) {
        const bytes f = files[i];
        for (unsigned round = 0; round < 20000; round++) {
            uint8_t before[3];
            size_t at[3];
            const int changes = 1 + rand() % 3;
            for (int k = 0; k < changes; k++) {
                at[k] = (size_t)rand() % f.size;
                before[k] = f.data[at[k]];
                f.data[at[k]] = rand() % 2 ? (uint8_t)rand() : (uint8_t)(before[k] ^ 1 << rand() % 8);
            }
            ql_model *model = NULL;
            ql_error error = { 0 };
            if (ql_model_open_memory("file.pt", f.data, f.size, QL_LAYOUT_AUTO, &model, &error) == QL_OK) {
                for (size_t t = 0; t < ql_model_tensor_count(model); t++) {
                    const ql_tensor *tensor = ql_model_tensor(model, t);
                    double value;
                    char scratch[64];
                    if (tensor->element_count == 0 || !ql_dtype_describe(tensor->dtype)->has_values)
                        continue;
                    assert_true(tensor->offset == QL_NO_OFFSET || tensor->offset < f.size);
                    ql_tensor_read_f64(tensor, tensor->element_count - 1, 1, &value, scratch, &error);
                }
                ql_model_free(&model);
            } else {
                assert_null(strchr(error.message, '\n'));
            }
            for (int k = changes; k-- > 0;)
                f.data[at[k]] = before[k];
        }
        free(f.data);
    }
}

/* ---- Files from before 1.6 ------------------------------------------------------------------------------------------ */

#define MAGIC "PROTO:2 x8a0a6cfc9c46f9206aa85019 STOP "
#define HEADER                                                                                                              \
    MAGIC "PROTO:2 int:1001 STOP PROTO:2 EMPTY_DICT MARK str:protocol_version int:1001 str:little_endian NEWTRUE SETITEMS " \
          "STOP "

static void put_storage_data(bytes *file, uint64_t count, const void *data, size_t size)
{
    put_number(file, count, 8);
    put(file, data, size);
}

/* A file whose object is `program`, with storages for `keys`, each of the 24 numbers. */
static bytes legacy_file(const char *program, const char *keys)
{
    bytes file = assembled(HEADER "PROTO:2");
    assemble(&file, program);
    assemble(&file, "STOP PROTO:2 EMPTY_LIST MARK");
    assemble(&file, keys);
    assemble(&file, "APPENDS STOP");
    for (const char *key = keys; (key = strstr(key, "str:")); key++)
        put_storage_data(&file, 24, numbers, sizeof numbers);
    return file;
}

static opened open_legacy(bytes file)
{
    opened o = open_bytes(file);
    assert_string_equal(ql_model_format(o.model), "torch-legacy");
    return o;
}

/* ("storage", CLASS, key, "cpu", 24, (view key, offset, count)) in a tensor of all of it. */
#define VIEW(key, offset, count, tensor)                                                                                    \
    REBUILD "MARK str:storage GLOBAL:torch,FloatStorage str:" key " str:cpu int:24 MARK str:v int:" offset " int:" count    \
            " TUPLE TUPLE BINPERSID int:0 int:" tensor " TUPLE1 int:1 TUPLE1 NEWFALSE od TUPLE REDUCE "

static void old_files_have_their_storages_after_the_pickles(void **state)
{
    (void)state;
    opened o = open_legacy(legacy_file("od str:a tensor:FloatStorage,94,24,2,2x2,1x2 SETITEM "
                                       "SHORT_BINSTRING:b tensor:FloatStorage,95,24,20,4,1 SETITEM "
                                       "str:c tensor:FloatStorage,94,24,0,-,- SETITEM",
                                       "str:95 str:94"));
    assert_lists(&o, "b:F32:4 c:F32: a:F32:2x2");
    assert_values(&o, "a", (double[]) { 2, 4, 3, 5 }, 4);
    assert_values(&o, "b", (double[]) { 20, 21, 22, 23 }, 4);
    assert_true(find(&o, "c")->offset == o.file.size - 96 && find(&o, "b")->offset == o.file.size - 96 - 8 - 16);
    done(&o);
    /* Views of storages, and None in their place. */
    o = open_legacy(
        legacy_file("od str:v " VIEW("0", "5", "4", "4") " SETITEM str:w " VIEW(
                        "0", "20", "4",
                        "0") " SETITEM str:n " REBUILD
                             "MARK str:storage GLOBAL:torch,FloatStorage str:0 str:cpu int:24 NONE TUPLE BINPERSID int:23 "
                             "EMPTY_TUPLE EMPTY_TUPLE NEWFALSE od TUPLE REDUCE SETITEM",
                    "str:0"));
    assert_values(&o, "v", (double[]) { 5, 6, 7, 8 }, 4);
    assert_values(&o, "n", (double[]) { 23 }, 1);
    done(&o);
    o = open_legacy(legacy_file("od", ""));
    assert_lists(&o, "");
    done(&o);
    o = open_legacy(legacy_file(rich, "str:0"));
    assert_lists(&o, "w:F32:4x6 sub.t:F32:6x4 sub.p:F32:2");
    done(&o);
}

static void pickles_of_old_files_may_be_long(void **state)
{
    (void)state;
    /* Longer than what is read at once, so that the bytes move while the pickle is read. */
    bytes program = { 0 };
    for (unsigned i = 0; i < 3000; i++) {
        char words[200];
        snprintf(words, sizeof words, " str:layers.%u.weight tensor:FloatStorage,0,24,%u,2,1 SETITEM", i, i % 23);
        put(&program, words, strlen(words));
    }
    char *text = malloc(program.size + 20);
    assert_non_null(text);
    snprintf(text, program.size + 20, "EMPTY_DICT%.*s", (int)program.size, (const char *)program.data);
    opened o = open_legacy(legacy_file(text, "str:0"));
    assert_int_equal(ql_model_tensor_count(o.model), 3000);
    assert_values(&o, "layers.2999.weight", (double[]) { 2999 % 23, 2999 % 23 + 1 }, 2);
    done(&o);
    free(text);
    free(program.data);
}

static void old_files_are_checked_like_new_ones(void **state)
{
    (void)state;
#define OBJECT "od str:w tensor:FloatStorage,0,24,0,24,1 SETITEM"
    static const struct {
        const char *program, *keys, *words;
    } cases[] = {
        { "GLOBAL:os,system", "", "os.system: not a weight file's name, nothing was run (pickles, byte " },
        { OBJECT, "", "storage '0' is not in the file" },
        { OBJECT, "str:1", "storage '0' is not in the file" },
        { OBJECT, "str:0 str:1", "storage '1' belongs to nothing in the pickle" },
        { OBJECT, "str:0 str:0", "two storages have the same key" },
        { OBJECT, "int:0", "a key of a storage is an integer, not a string of at most 255 bytes" },
        { "od str:w tensor:FloatStorage,0,25,0,24,1 SETITEM", "str:0", "storage '0' has 96 bytes, not 25 elements" },
        { "od str:w tensor:FloatStorage,0,24,1,24,1 SETITEM", "str:0", "tensor 'w': its elements do not lie inside" },
        { "od str:w tensor:DoubleStorage,0,24,1,24,1 SETITEM", "str:0",
          "storage '0' has more elements than the file has bytes for" },
        { "od str:w tensor:HalfStorage,0,24,0,24,1 SETITEM", "str:0", "48 bytes after the last storage belong to none" },
        { "od str:w " VIEW("0", "21", "4", "4") " SETITEM", "str:0",
          "tensor 'w': elements 21 + 4 of its storage, which has 24" },
        { "od str:w " VIEW("0", "25", "0", "0") " SETITEM", "str:0", "elements 25 + 0 of its storage" },
        { "od str:w " VIEW("0", "-1", "4", "4") " SETITEM", "str:0", "elements -1 + 4 of its storage" },
        { "od str:w " VIEW("0", "0", "-4", "4") " SETITEM", "str:0", "elements 0 + -4 of its storage" },
        { "od str:w " VIEW("0", "0", "9223372036854775807", "4") " SETITEM", "str:0", "of its storage, which has 24" },
        { "od str:w " VIEW("0", "4", "4", "5") " SETITEM", "str:0", "do not lie inside its storage of 4 elements" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused_bytes(legacy_file(cases[i].program, cases[i].keys), cases[i].words);
    bytes file = legacy_file("od str:v tensor:FloatStorage,1,24,0,1,1 SETITEM " OBJECT, "str:0 str:1");
    file.size -= 96 + 1;
    assert_refused_bytes(file, "storage '1' begins after the end of the file (byte ");
}

static void old_files_begin_with_their_magic_number(void **state)
{
    (void)state;
    static const struct {
        const char *file, *words;
    } cases[] = {
        { "PROTO:2 x8a0a6cfc9c46f9206aa85018 STOP", "is a Python pickle" },
        { "PROTO:2 GLOBAL:os,system STOP", "is a Python pickle" },
        { MAGIC "int:1002 STOP", "version 1002 of the format is not known, only 1001 is (pickles, byte " },
        { MAGIC "str:1001 STOP", "the version of the format is a string, not an integer" },
        { MAGIC "int:1001 STOP EMPTY_LIST STOP", "what the file says of its writer is a list, not a dict" },
        { HEADER "od STOP EMPTY_DICT STOP", "what should be the keys of storages is a dict, not a list" },
        { "PROTO:2 x8a0a6cfc9c46f9206aa85019 TUPLE1 STOP", "the magic number is a tuple, not a large integer" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused_bytes(assembled(cases[i].file), cases[i].words);
    bytes tar = { 0 };
    put(&tar, "sys_info\0", 9);
    for (unsigned i = 0; i < 1000; i++)
        put(&tar, "", 1);
    assert_refused_bytes(tar, "is a PyTorch checkpoint from before 0.1.10 (a tar archive)");
    /* Protocol 4 has frames. */
    bytes file =
        assembled("PROTO:4 FRAME:13 x8a0a6cfc9c46f9206aa85019 STOP int:1001 STOP EMPTY_DICT STOP od STOP EMPTY_LIST STOP");
    opened o = open_legacy(file);
    done(&o);
}

int main(void)
{
    setlocale(LC_CTYPE, "C");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_of_storages_is_a_type),
        cmocka_unit_test(types_without_a_class_come_as_an_argument),
        cmocka_unit_test(names_are_the_keys_on_the_way),
        cmocka_unit_test(a_name_that_two_ways_lead_to_is_that_of_the_last),
        cmocka_unit_test(views_are_read_by_their_strides),
        cmocka_unit_test(big_endian_and_compressed_files_have_the_same_values),
        cmocka_unit_test(what_cannot_be_shown_is_counted_in_the_note),
        cmocka_unit_test(nothing_is_called_that_makes_no_tensor),
        cmocka_unit_test(arguments_are_of_the_kinds_that_are_needed),
        cmocka_unit_test(storages_are_what_the_archive_has),
        cmocka_unit_test(tensors_lie_inside_their_storages),
        cmocka_unit_test(ranks_up_to_64_are_taken),
        cmocka_unit_test(the_archive_is_one_of_weights),
        cmocka_unit_test(keys_of_storages_are_short),
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(lists_of_lists_of_lists_are_walked_once),
        cmocka_unit_test(a_tensor_that_is_held_too_often_is_refused),
        cmocka_unit_test(long_names_cost_only_where_they_lead_to_tensors),
        cmocka_unit_test(a_hundred_thousand_tensors_are_listed),
        cmocka_unit_test(files_cut_at_any_byte_are_refused),
        cmocka_unit_test(no_changed_byte_leads_outside_the_file),
        cmocka_unit_test(old_files_have_their_storages_after_the_pickles),
        cmocka_unit_test(pickles_of_old_files_may_be_long),
        cmocka_unit_test(old_files_are_checked_like_new_ones),
        cmocka_unit_test(old_files_begin_with_their_magic_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
