/*
 * The only names that a file may hold, whole strings, as https://github.com/pytorch/pytorch has them in
 * torch/_weights_only_unpickler.py, without those that make no tensor. None is looked up anywhere: a name is a row here.
 */
#include "formats/torch_names.h"

#include "base/text.h"
#include "formats/limits.h"

#include <string.h>

#define STATE_DICT "save the model's state_dict() with torch.save, or as safetensors, and open that"

typedef ql_torch_name torch_name;
typedef ql_pickle_value value;

static ql_status make_dict(ql_pickle *pickle, const ql_pickle_name *name, value arguments, value *out);
static ql_status make_call(ql_pickle *pickle, const ql_pickle_name *name, value arguments, value *out);
static ql_status give_first(ql_pickle *pickle, const ql_pickle_name *name, value arguments, value *out);

#define NAME(module_, name_)            .is = { .module = module_, .name = name_ }
#define FUNCTION(module_, name_, call_) .is = { .module = module_, .name = name_, .call = call_ }
#define CLASS(module_, name_, call_)    .is = { .module = module_, .name = name_, .call = call_, .is_class = true }

/* `takes` has a letter for each argument that must be there: the table below explains them, a dot is anything. */
static const torch_name names[] = {
    { CLASS("collections", "OrderedDict", make_dict), .takes = "", .most = 1 },
    { CLASS("torch", "Size", give_first), .takes = "t", .most = 1 },
    { CLASS("torch.nn.parameter", "Parameter", give_first), .takes = "o", .most = 2 },
    { FUNCTION("torch._utils", "_rebuild_parameter", give_first), .takes = "o..", .most = 3 },
    { FUNCTION("torch._utils", "_rebuild_parameter_with_state", give_first), .takes = "o...", .most = 4 },
    { FUNCTION("torch._utils", "_rebuild_tensor", make_call), .kind = QL_TORCH_TENSOR, .takes = "sitt", .most = 4 },
    { FUNCTION("torch._utils", "_rebuild_tensor_v2", make_call), .kind = QL_TORCH_TENSOR, .takes = "sitt..", .most = 7 },
    { FUNCTION("torch._utils", "_rebuild_tensor_v3", make_call), .kind = QL_TORCH_TENSOR_OF, .takes = "sitt..d", .most = 8 },
    { FUNCTION("torch._utils", "_rebuild_qtensor", make_call), .kind = QL_TORCH_HIDDEN, .takes = "", .most = 8 },
    { FUNCTION("torch._utils", "_rebuild_sparse_tensor", make_call), .kind = QL_TORCH_HIDDEN, .takes = "", .most = 8 },
    { CLASS("torch", "device", make_call), .takes = "", .most = 2 },
    { FUNCTION("torch.serialization", "_get_layout", make_call), .takes = ".", .most = 1 },

    { NAME("torch", "DoubleStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_F64, .size = 8 },
    { NAME("torch", "FloatStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_F32, .size = 4 },
    { NAME("torch", "HalfStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_F16, .size = 2 },
    { NAME("torch", "BFloat16Storage"), .kind = QL_TORCH_STORAGE, .dtype = QL_BF16, .size = 2 },
    { NAME("torch", "LongStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_I64, .size = 8 },
    { NAME("torch", "IntStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_I32, .size = 4 },
    { NAME("torch", "ShortStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_I16, .size = 2 },
    { NAME("torch", "CharStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_I8, .size = 1 },
    { NAME("torch", "ByteStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_U8, .size = 1 },
    { NAME("torch", "BoolStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_BOOL, .size = 1 },
    { NAME("torch", "ComplexFloatStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_C64, .size = 8 },
    { NAME("torch", "ComplexDoubleStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_TORCH_NO_DTYPE, .size = 16 },
    { NAME("torch", "QInt8Storage"), .kind = QL_TORCH_STORAGE, .dtype = QL_TORCH_NO_DTYPE, .size = 1 },
    { NAME("torch", "QUInt8Storage"), .kind = QL_TORCH_STORAGE, .dtype = QL_TORCH_NO_DTYPE, .size = 1 },
    { NAME("torch", "QInt32Storage"), .kind = QL_TORCH_STORAGE, .dtype = QL_TORCH_NO_DTYPE, .size = 4 },
    { NAME("torch", "UntypedStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_U8, .size = 1 },
    { NAME("torch.storage", "UntypedStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_U8, .size = 1 },
    { NAME("torch.storage", "_UntypedStorage"), .kind = QL_TORCH_STORAGE, .dtype = QL_U8, .size = 1 },
    { NAME("torch.storage", "TypedStorage") },
    { NAME("torch.storage", "_TypedStorage") },

    { NAME("torch", "float64"), .kind = QL_TORCH_DTYPE, .dtype = QL_F64, .size = 8 },
    { NAME("torch", "float32"), .kind = QL_TORCH_DTYPE, .dtype = QL_F32, .size = 4 },
    { NAME("torch", "float16"), .kind = QL_TORCH_DTYPE, .dtype = QL_F16, .size = 2 },
    { NAME("torch", "bfloat16"), .kind = QL_TORCH_DTYPE, .dtype = QL_BF16, .size = 2 },
    { NAME("torch", "int64"), .kind = QL_TORCH_DTYPE, .dtype = QL_I64, .size = 8 },
    { NAME("torch", "int32"), .kind = QL_TORCH_DTYPE, .dtype = QL_I32, .size = 4 },
    { NAME("torch", "int16"), .kind = QL_TORCH_DTYPE, .dtype = QL_I16, .size = 2 },
    { NAME("torch", "int8"), .kind = QL_TORCH_DTYPE, .dtype = QL_I8, .size = 1 },
    { NAME("torch", "uint64"), .kind = QL_TORCH_DTYPE, .dtype = QL_U64, .size = 8 },
    { NAME("torch", "uint32"), .kind = QL_TORCH_DTYPE, .dtype = QL_U32, .size = 4 },
    { NAME("torch", "uint16"), .kind = QL_TORCH_DTYPE, .dtype = QL_U16, .size = 2 },
    { NAME("torch", "uint8"), .kind = QL_TORCH_DTYPE, .dtype = QL_U8, .size = 1 },
    { NAME("torch", "bool"), .kind = QL_TORCH_DTYPE, .dtype = QL_BOOL, .size = 1 },
    { NAME("torch", "complex64"), .kind = QL_TORCH_DTYPE, .dtype = QL_C64, .size = 8 },
    { NAME("torch", "complex128"), .kind = QL_TORCH_DTYPE, .dtype = QL_TORCH_NO_DTYPE, .size = 16 },
    { NAME("torch", "complex32"), .kind = QL_TORCH_DTYPE, .dtype = QL_TORCH_NO_DTYPE, .size = 4 },
    { NAME("torch", "float8_e4m3fn"), .kind = QL_TORCH_DTYPE, .dtype = QL_F8_E4M3, .size = 1 },
    { NAME("torch", "float8_e5m2"), .kind = QL_TORCH_DTYPE, .dtype = QL_F8_E5M2, .size = 1 },
    { NAME("torch", "float8_e4m3fnuz"), .kind = QL_TORCH_DTYPE, .dtype = QL_F8_E4M3FNUZ, .size = 1 },
    { NAME("torch", "float8_e5m2fnuz"), .kind = QL_TORCH_DTYPE, .dtype = QL_F8_E5M2FNUZ, .size = 1 },
    { NAME("torch", "float8_e8m0fnu"), .kind = QL_TORCH_DTYPE, .dtype = QL_F8_E8M0, .size = 1 },
    { NAME("torch", "float4_e2m1fn_x2"), .kind = QL_TORCH_DTYPE, .dtype = QL_TORCH_NO_DTYPE, .size = 1 },
    { NAME("torch", "qint8"), .kind = QL_TORCH_DTYPE, .dtype = QL_TORCH_NO_DTYPE, .size = 1 },
    { NAME("torch", "quint8"), .kind = QL_TORCH_DTYPE, .dtype = QL_TORCH_NO_DTYPE, .size = 1 },
    { NAME("torch", "qint32"), .kind = QL_TORCH_DTYPE, .dtype = QL_TORCH_NO_DTYPE, .size = 4 },

    { NAME("torch", "per_tensor_affine") },
    { NAME("torch", "per_tensor_symmetric") },
    { NAME("torch", "per_channel_affine") },
    { NAME("torch", "per_channel_symmetric") },
    { NAME("torch", "per_channel_affine_float_qparams") },
};

const ql_torch_name *ql_torch_name_of(const ql_pickle_name *name)
{
    return (const torch_name *)name;
}

static const ql_pickle_name *find(ql_text module, ql_text name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const ql_pickle_name *row = &names[i].is;
        /* The first letter saves most of the time. */
        if (name.size > 0 && *row->name == *name.data && ql_text_is(name, row->name) && ql_text_is(module, row->module))
            return row;
    }
    return NULL;
}

/* ---- Kinds of arguments ------------------------------------------------------------------------------------------ */

/* What a letter of `takes` stands for. */
static const struct {
    char letter;
    ql_pickle_kind kind;
    ql_torch_kind least, most; /* of the name: globals and calls */
    const char *words;
} letters[] = {
    { 'i', QL_PICKLE_INT, 0, 0, "an integer" },
    { 'u', QL_PICKLE_STRING, 0, 0, "a string" },
    { 't', QL_PICKLE_TUPLE, 0, 0, "a tuple" },
    { 's', QL_PICKLE_PERSISTENT, 0, 0, "a storage" },
    { 'c', QL_PICKLE_GLOBAL, QL_TORCH_STORAGE, QL_TORCH_STORAGE, "a class of storages" },
    { 'd', QL_PICKLE_GLOBAL, QL_TORCH_DTYPE, QL_TORCH_DTYPE, "a dtype" },
    { 'o', QL_PICKLE_CALL, QL_TORCH_TENSOR, QL_TORCH_HIDDEN, "a tensor" },
};

static ql_torch_kind kind_of(value v)
{
    return v.kind == QL_PICKLE_GLOBAL ? ql_torch_name_of(v.name)->kind
           : v.kind == QL_PICKLE_CALL ? ql_torch_name_of(v.node->made_by)->kind
                                      : QL_TORCH_OTHER;
}

/* NULL when the value is what the letter asks for, else what that is. */
static const char *missing(char letter, value v)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (letters[i].letter == letter) {
            const bool fits = v.kind == letters[i].kind && kind_of(v) >= letters[i].least && kind_of(v) <= letters[i].most;
            return fits ? NULL : letters[i].words;
        }
    }
    return NULL; /* '.' */
}

/* The values of `node` against the letters; there may be more of them, up to `most`. */
static ql_status check(const ql_pickle *pickle, const char *who, const ql_pickle_node *node, const char *takes,
                       unsigned most)
{
    const size_t least = strlen(takes);
    if (node->count < least || node->count > most) {
        return ql_pickle_refuse(pickle, "%s is given %u values, not %zu to %u", who, (unsigned)node->count, least, most);
    }
    for (size_t i = 0; i < least; i++) {
        const char *words = missing(takes[i], node->items[i]);
        if (words) {
            return ql_pickle_refuse(pickle, "%s is given %s where %s should be (value %zu)", who,
                                    ql_pickle_kind_name(node->items[i].kind), words, i + 1);
        }
    }
    return QL_OK;
}

static ql_status check_call(const ql_pickle *pickle, const ql_pickle_name *name, value arguments)
{
    const torch_name *own = ql_torch_name_of(name);
    return check(pickle, name->name, arguments.node, own->takes, own->most);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* Keeps the arguments, which are looked at when the tensor is listed. */
static ql_status make_call(ql_pickle *pickle, const ql_pickle_name *name, value arguments, value *out)
{
    ql_status status = check_call(pickle, name, arguments);
    if (status == QL_OK)
        status = ql_pickle_node_new(pickle, QL_PICKLE_CALL, out);
    if (status == QL_OK) {
        out->node->made_by = name;
        out->node->items = arguments.node->items;
        out->node->count = arguments.node->count;
    }
    return status;
}

/* What is only a wrapper here. */
static ql_status give_first(ql_pickle *pickle, const ql_pickle_name *name, value arguments, value *out)
{
    ql_status status = check_call(pickle, name, arguments);
    if (status == QL_OK)
        *out = arguments.node->items[0];
    return status;
}

/* OrderedDict() or OrderedDict([(key, value), ...]), where Python 2 has lists of two in the list. */
static ql_status make_dict(ql_pickle *pickle, const ql_pickle_name *name, value arguments, value *out)
{
    ql_status status = check_call(pickle, name, arguments);
    if (status == QL_OK)
        status = ql_pickle_node_new(pickle, QL_PICKLE_DICT, out);
    if (status != QL_OK)
        return status;
    out->node->made_by = name;
    if (arguments.node->count == 0)
        return QL_OK;
    const value pairs = arguments.node->items[0];
    if (pairs.kind != QL_PICKLE_LIST)
        return ql_pickle_refuse(pickle, "OrderedDict is given %s, not a list of pairs", ql_pickle_kind_name(pairs.kind));
    for (uint32_t i = 0; status == QL_OK && i < pairs.node->count; i++) {
        const value pair = pairs.node->items[i];
        const bool is_pair = (pair.kind == QL_PICKLE_TUPLE || pair.kind == QL_PICKLE_LIST) && pair.node->count == 2;
        status = is_pair ? ql_pickle_extend(pickle, *out, pair.node->items, 2)
                         : ql_pickle_refuse(pickle, "OrderedDict is given a list with %s in it that is no pair",
                                            ql_pickle_kind_name(pair.kind));
    }
    return status;
}

/* ("storage", CLASS, key, location, count[, None or (view key, offset, count)]) */
static ql_status check_persistent(ql_pickle *pickle, value id)
{
    const ql_pickle_node *node = id.node;
    ql_status status = check(pickle, "BINPERSID", node, "ucuui", QL_TORCH_STORAGE_VIEW + 1);
    if (status == QL_OK && !ql_pickle_text_is(pickle, node->items[QL_TORCH_STORAGE_MARK], "storage"))
        status = ql_pickle_refuse(pickle, "BINPERSID tells something that is no storage");
    if (status == QL_OK && node->items[QL_TORCH_STORAGE_KEY].size > QL_LIMIT_TORCH_KEY) {
        status = ql_pickle_refuse(pickle, "a storage with a key of %u bytes, over the limit of %d",
                                  (unsigned)node->items[QL_TORCH_STORAGE_KEY].size, QL_LIMIT_TORCH_KEY);
    }
    if (status != QL_OK || node->count <= QL_TORCH_STORAGE_VIEW || node->items[QL_TORCH_STORAGE_VIEW].kind == QL_PICKLE_NONE)
        return status;
    const char *words = missing('t', node->items[QL_TORCH_STORAGE_VIEW]);
    if (words)
        return ql_pickle_refuse(pickle, "the view of a storage is %s, not %s",
                                ql_pickle_kind_name(node->items[QL_TORCH_STORAGE_VIEW].kind), words);
    return check(pickle, "the view of a storage", node->items[QL_TORCH_STORAGE_VIEW].node, "uii", 3);
}

const ql_pickle_rules ql_torch_rules = {
    .find = find,
    .check_persistent = check_persistent,
    .advice = STATE_DICT,
};
