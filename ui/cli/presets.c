/* Shapes of layers: see presets.h. Layers of one shape stand once, under all their names. */
#include "cli/presets.h"

#include <string.h>

/* n_embd 768 (openai-community/gpt2, config.json). */
static const cli_layer GPT2[] = {
    { "attn.c_attn", 768, 2304 }, { "attn.c_proj", 768, 768 }, { "mlp.c_fc", 768, 3072 }, { "mlp.c_proj", 3072, 768 }, { 0 }
};

/* hidden_size 4096, intermediate_size 11008 (Touvron et al. 2023). */
static const cli_layer LLAMA_7B[] = {
    { "q_proj k_proj v_proj o_proj", 4096, 4096 }, { "gate_proj up_proj", 4096, 11008 }, { "down_proj", 11008, 4096 }, { 0 }
};

/* embed_dim 1280, mlp_ratio 4, 64 x 64 patches (Kirillov et al. 2023). */
static const cli_layer SAM_VIT_H[] = {
    { "attn.qkv", 1280, 3840 }, { "attn.proj", 1280, 1280 }, { "mlp.lin1", 1280, 5120 }, { "mlp.lin2", 5120, 1280 }, { 0 }
};

static const cli_preset PRESETS[] = {
    { "gpt2", "GPT-2, 124M: width 768", 0, GPT2 },
    { "llama-7b", "Llama, 7B: width 4096, MLP 11008", 0, LLAMA_7B },
    { "sam-vit-h", "the image encoder of Segment Anything, ViT-H: width 1280, 4096 patches", 4096, SAM_VIT_H },
};

enum { PRESET_COUNT = sizeof PRESETS / sizeof PRESETS[0] };

const cli_preset *cli_preset_at(size_t index)
{
    return index < PRESET_COUNT ? &PRESETS[index] : NULL;
}

const cli_preset *cli_preset_find(const char *name)
{
    for (size_t i = 0; i < PRESET_COUNT; i++)
        if (strcmp(PRESETS[i].name, name) == 0)
            return &PRESETS[i];
    return NULL;
}
