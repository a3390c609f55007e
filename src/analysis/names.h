/*
 * One tensor, several names: what GGUF files call the tensors of Llama- and GPT-2-style models, and what the checkpoints
 * that they are made from call them.
 *
 *   blk.3.attn_q.weight      model.layers.3.self_attn.q_proj.weight      layers.3.attention.wq.weight
 *   blk.3.ffn_up.bias        h.3.mlp.c_fc.bias, transformer.h.3.mlp.c_fc.bias
 */
#ifndef QL_ANALYSIS_NAMES_H
#define QL_ANALYSIS_NAMES_H

#include "qloupe.h"

/* Who gave the name. */
typedef enum ql_naming {
    QL_NAMED_BY_GGUF,
    QL_NAMED_BY_LLAMA, /* Hugging Face's Llama, Mistral, Qwen */
    QL_NAMED_BY_META,  /* the original Llama checkpoints */
    QL_NAMED_BY_GPT2,
    QL_NAMING_COUNT
} ql_naming;

/* A known name taken apart. */
typedef struct ql_name {
    ql_naming naming;
    unsigned role;  /* what the tensor is for, whatever its name */
    uint32_t layer; /* 0 where there is but one */
    bool is_bias;
} ql_name;

/* False: in no table. */
bool ql_name_parse(ql_text name, ql_name *out);

/* Orders names by what they name: 0 for the same tensor under any name. */
int ql_name_compare(const ql_name *a, const ql_name *b);

/* Rotary embeddings turn the rows of these two in pairs, so their order matters. */
bool ql_name_is_query(const ql_name *name);
bool ql_name_is_key(const ql_name *name);

#endif
