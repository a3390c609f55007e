/* Finds the tensors in what a pickle holds. */
#ifndef QL_FORMATS_TORCH_WALK_H
#define QL_FORMATS_TORCH_WALK_H

#include "formats/pickle.h"

typedef struct ql_torch_found {
    ql_text name;           /* first; in the memory of the pickle */
    ql_pickle_node *tensor; /* the call that makes it: QL_TORCH_TENSOR or QL_TORCH_TENSOR_OF */
} ql_torch_found;

typedef struct ql_torch_list {
    ql_torch_found *items; /* owned [count], in the order of the walk; their names differ */
    size_t count;
    size_t hidden;   /* tensors of other kinds: quantized, sparse */
    size_t repeated; /* tensors that were left out because the name of a later one is the same */
} ql_torch_list;

/*
 * Walks through dicts, lists and tuples from `top` on. A name is the string keys and the numbers on the way, joined with
 * dots ("state_dict.conv1.weight"); what is under other keys is passed over, and so is a container that was seen before. A
 * tensor alone is named `alone`. Call the free function in any case.
 */
ql_status ql_torch_walk(ql_torch_list *out, ql_pickle *pickle, ql_pickle_value top, ql_text alone);
void ql_torch_list_free(ql_torch_list *list);

#endif
