/* Names of tensors: see names.h. Sources: gguf-py/gguf/constants.py and tensor_mapping.py of llama.cpp. */
#include "analysis/names.h"

#include <string.h>

enum { QUERY = 5, KEY = 6 }; /* rows below */

/* One tensor a row; # is the number of the layer. NULL: not there. */
static const char *const roles[][QL_NAMING_COUNT] = {
    { "token_embd", "embed_tokens", "tok_embeddings", "wte" },
    { "position_embd", NULL, NULL, "wpe" },
    { "output_norm", "norm", "norm", "ln_f" },
    { "output", "lm_head", "output", "lm_head" },
    { "blk.#.attn_norm", "layers.#.input_layernorm", "layers.#.attention_norm", "h.#.ln_1" },
    [QUERY] = { "blk.#.attn_q", "layers.#.self_attn.q_proj", "layers.#.attention.wq", NULL },
    [KEY] = { "blk.#.attn_k", "layers.#.self_attn.k_proj", "layers.#.attention.wk", NULL },
    { "blk.#.attn_v", "layers.#.self_attn.v_proj", "layers.#.attention.wv", NULL },
    { "blk.#.attn_qkv", NULL, NULL, "h.#.attn.c_attn" },
    { "blk.#.attn_q_norm", "layers.#.self_attn.q_norm", NULL, NULL },
    { "blk.#.attn_k_norm", "layers.#.self_attn.k_norm", NULL, NULL },
    { "blk.#.attn_output", "layers.#.self_attn.o_proj", "layers.#.attention.wo", "h.#.attn.c_proj" },
    { "blk.#.ffn_norm", "layers.#.post_attention_layernorm", "layers.#.ffn_norm", "h.#.ln_2" },
    { "blk.#.ffn_gate", "layers.#.mlp.gate_proj", "layers.#.feed_forward.w1", NULL },
    { "blk.#.ffn_up", "layers.#.mlp.up_proj", "layers.#.feed_forward.w3", "h.#.mlp.c_fc" },
    { "blk.#.ffn_down", "layers.#.mlp.down_proj", "layers.#.feed_forward.w2", "h.#.mlp.c_proj" },
};

enum { ROLE_COUNT = sizeof roles / sizeof roles[0] };

/* What may stand before a name. */
static const char *const prefixes[QL_NAMING_COUNT] = {
    [QL_NAMED_BY_LLAMA] = "model.",
    [QL_NAMED_BY_GPT2] = "transformer.",
};

static const char *const endings[] = { ".weight", ".bias" }; /* by is_bias */

static bool ends_with(ql_text text, const char *ending)
{
    const size_t size = strlen(ending);
    return text.size >= size && memcmp(text.data + text.size - size, ending, size) == 0;
}

static ql_text without_prefix(ql_text text, const char *prefix)
{
    const size_t size = prefix ? strlen(prefix) : 0;
    if (size && text.size >= size && memcmp(text.data, prefix, size) == 0) {
        return (ql_text) { text.data + size, text.size - size };
    }
    return text;
}

/* The number at text[*at], written as a program writes it; moves on behind it. */
static bool take_layer(ql_text text, size_t *at, uint32_t *layer)
{
    enum { MOST_DIGITS = 6 };
    const size_t begin = *at;
    *layer = 0;
    for (; *at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at) {
        if (*at - begin == MOST_DIGITS) {
            return false;
        }
        *layer = *layer * 10 + (uint32_t)(text.data[*at] - '0');
    }
    return *at > begin && (text.data[begin] != '0' || *at == begin + 1);
}

static bool matches(const char *pattern, ql_text text, uint32_t *layer)
{
    size_t at = 0;
    *layer = 0;
    for (; *pattern; pattern++) {
        if (*pattern == '#') {
            if (!take_layer(text, &at, layer)) {
                return false;
            }
        } else if (at == text.size || text.data[at++] != *pattern) {
            return false;
        }
    }
    return at == text.size;
}

bool ql_name_parse(ql_text name, ql_name *out)
{
    *out = (ql_name) { .is_bias = ends_with(name, endings[1]) };
    if (!ends_with(name, endings[out->is_bias])) {
        return false;
    }
    name.size -= strlen(endings[out->is_bias]);
    for (out->naming = 0; out->naming < QL_NAMING_COUNT; out->naming++) {
        const ql_text bare = without_prefix(name, prefixes[out->naming]);
        for (out->role = 0; out->role < ROLE_COUNT; out->role++) {
            const char *pattern = roles[out->role][out->naming];
            if (pattern && matches(pattern, bare, &out->layer)) {
                return true;
            }
        }
    }
    return false;
}

int ql_name_compare(const ql_name *a, const ql_name *b)
{
    if (a->role != b->role) {
        return a->role < b->role ? -1 : 1;
    }
    if (a->layer != b->layer) {
        return a->layer < b->layer ? -1 : 1;
    }
    return a->is_bias - b->is_bias;
}

bool ql_name_is_query(const ql_name *name)
{
    return name->role == QUERY;
}

bool ql_name_is_key(const ql_name *name)
{
    return name->role == KEY;
}
