/* Layout: which axes of a stored tensor are the outputs and the inputs of the logical weight W[out][in]. */
#include "tensor/tensor.h"

#include <string.h>

const char *ql_layout_name(ql_layout layout)
{
    static const char *const names[] = { "auto", "out,in", "in,out" };
    return names[layout];
}

void ql_tensor_set_layout(ql_tensor *tensor, ql_layout layout)
{
    const unsigned rank = tensor->rank;
    const uint64_t *shape = tensor->shape;
    tensor->layout = rank < 2 ? QL_LAYOUT_OUT_IN : layout;
    tensor->rows = rank < 2 ? 1 : tensor->layout == QL_LAYOUT_IN_OUT ? shape[rank - 1] : shape[0];
    tensor->cols = rank == 0 ? 1 : rank == 1 ? shape[0] : 1;
    const unsigned rows_axis = tensor->layout == QL_LAYOUT_IN_OUT ? rank - 1 : 0;
    for (unsigned axis = 0; rank >= 2 && axis < rank; axis++) {
        tensor->cols *= axis == rows_axis ? 1 : shape[axis]; /* fits: readers check the product of all that are not 0 */
    }
}

static bool ends_with(ql_text text, const char *ending)
{
    size_t size = strlen(ending);
    return text.size >= size && memcmp(text.data + text.size - size, ending, size) == 0;
}

/* GPT-2's Conv1D matrices are stored [in, out]; c_attn makes queries, keys and values at once, so its shape [d, 3d] tells.
 */
static bool file_is_conv1d(const ql_tensor *tensors, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        const ql_tensor *t = &tensors[i];
        if (t->rank == 2 && ends_with(t->name, "c_attn.weight")) {
            if (t->shape[0] == 0 || t->shape[1] / 3 != t->shape[0] || t->shape[1] % 3) {
                return false;
            }
            found = true;
        }
    }
    return found;
}

static bool is_conv1d_name(ql_text name)
{
    return ends_with(name, "c_attn.weight") || ends_with(name, "c_proj.weight") || ends_with(name, "c_fc.weight");
}

void ql_tensors_find_layout(ql_tensor *tensors, size_t count, ql_layout layout)
{
    bool conv1d = layout == QL_LAYOUT_AUTO && file_is_conv1d(tensors, count);
    for (size_t i = 0; i < count; i++) {
        ql_layout own = layout;
        if (layout == QL_LAYOUT_AUTO) {
            own = conv1d && tensors[i].rank == 2 && is_conv1d_name(tensors[i].name) ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN;
        }
        ql_tensor_set_layout(&tensors[i], own);
    }
}
