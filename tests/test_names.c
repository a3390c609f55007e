/* Names of the same tensor in GGUF files and in the checkpoints of Llama- and GPT-2-style models. */
#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "analysis/heads.h"
#include "analysis/names.h"

static ql_name parse(const char *text)
{
    ql_name name;
    if (!ql_name_parse(ql_text_from(text), &name))
        fail_msg("'%s' is not known", text);
    return name;
}

/* As the files of these models spell them: TinyLlama, Mistral 7B, Qwen2 and GPT-2 on Hugging Face, Llama 2 of Meta, and what
   convert_hf_to_gguf.py makes of them. */
static const char *const spellings[][5] = {
    { "token_embd.weight", "model.embed_tokens.weight", "tok_embeddings.weight", "wte.weight", "transformer.wte.weight" },
    { "position_embd.weight", "wpe.weight", "transformer.wpe.weight" },
    { "output_norm.weight", "model.norm.weight", "norm.weight", "ln_f.weight", "transformer.ln_f.weight" },
    { "output_norm.bias", "ln_f.bias", "transformer.ln_f.bias" },
    { "output.weight", "lm_head.weight" },
    { "blk.0.attn_norm.weight", "model.layers.0.input_layernorm.weight", "layers.0.attention_norm.weight", "h.0.ln_1.weight",
      "transformer.h.0.ln_1.weight" },
    { "blk.11.attn_norm.bias", "h.11.ln_1.bias", "transformer.h.11.ln_1.bias" },
    { "blk.31.attn_q.weight", "model.layers.31.self_attn.q_proj.weight", "layers.31.attention.wq.weight" },
    { "blk.31.attn_k.weight", "model.layers.31.self_attn.k_proj.weight", "layers.31.attention.wk.weight" },
    { "blk.31.attn_v.weight", "model.layers.31.self_attn.v_proj.weight", "layers.31.attention.wv.weight" },
    { "blk.7.attn_q.bias", "model.layers.7.self_attn.q_proj.bias" },
    { "blk.7.attn_k.bias", "model.layers.7.self_attn.k_proj.bias" },
    { "blk.7.attn_v.bias", "model.layers.7.self_attn.v_proj.bias" },
    { "blk.1.attn_output.weight", "model.layers.1.self_attn.o_proj.weight", "layers.1.attention.wo.weight",
      "h.1.attn.c_proj.weight", "transformer.h.1.attn.c_proj.weight" },
    { "blk.1.attn_qkv.weight", "h.1.attn.c_attn.weight", "transformer.h.1.attn.c_attn.weight" },
    { "blk.1.attn_qkv.bias", "h.1.attn.c_attn.bias" },
    { "blk.2.ffn_norm.weight", "model.layers.2.post_attention_layernorm.weight", "layers.2.ffn_norm.weight",
      "h.2.ln_2.weight", "transformer.h.2.ln_2.weight" },
    { "blk.2.ffn_gate.weight", "model.layers.2.mlp.gate_proj.weight", "layers.2.feed_forward.w1.weight" },
    { "blk.2.ffn_up.weight", "model.layers.2.mlp.up_proj.weight", "layers.2.feed_forward.w3.weight", "h.2.mlp.c_fc.weight",
      "transformer.h.2.mlp.c_fc.weight" },
    { "blk.2.ffn_down.weight", "model.layers.2.mlp.down_proj.weight", "layers.2.feed_forward.w2.weight",
      "h.2.mlp.c_proj.weight", "transformer.h.2.mlp.c_proj.weight" },
    { "blk.2.ffn_down.bias", "h.2.mlp.c_proj.bias" },
    { "blk.4.attn_q_norm.weight", "model.layers.4.self_attn.q_norm.weight" },
    { "blk.4.attn_k_norm.weight", "model.layers.4.self_attn.k_norm.weight" },
};

enum { SPELLED = sizeof spellings / sizeof spellings[0] };

static void spellings_of_one_tensor_are_the_same_and_of_others_are_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPELLED; i++) {
        const ql_name own = parse(spellings[i][0]);
        assert_int_equal(own.naming, QL_NAMED_BY_GGUF);
        for (size_t k = 1; k < 5 && spellings[i][k]; k++) {
            const ql_name other = parse(spellings[i][k]);
            assert_int_not_equal(other.naming, QL_NAMED_BY_GGUF);
            assert_int_equal(ql_name_compare(&own, &other), 0);
        }
        for (size_t j = 0; j < SPELLED; j++) {
            const ql_name other = parse(spellings[j][0]);
            assert_int_equal(ql_name_compare(&own, &other) == 0, i == j);
            assert_int_equal(ql_name_compare(&own, &other), -ql_name_compare(&other, &own));
        }
    }
}

static void who_gave_a_name_is_told(void **state)
{
    (void)state;
    assert_int_equal(parse("model.layers.0.self_attn.q_proj.weight").naming, QL_NAMED_BY_LLAMA);
    assert_int_equal(parse("layers.0.self_attn.q_proj.weight").naming, QL_NAMED_BY_LLAMA);
    assert_int_equal(parse("layers.0.attention.wq.weight").naming, QL_NAMED_BY_META);
    assert_int_equal(parse("h.0.attn.c_attn.weight").naming, QL_NAMED_BY_GPT2);
    const ql_name query = parse("blk.3.attn_q.weight"), key = parse("model.layers.3.self_attn.k_proj.bias");
    assert_true(ql_name_is_query(&query) && !ql_name_is_key(&query));
    assert_true(ql_name_is_key(&key) && !ql_name_is_query(&key));
    const ql_name value = parse("blk.3.attn_v.weight"), norm = parse("blk.3.attn_q_norm.weight");
    assert_false(ql_name_is_query(&value) || ql_name_is_key(&value) || ql_name_is_query(&norm) || ql_name_is_key(&norm));
}

static void what_only_looks_alike_is_not_known(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        ".weight",
        "weight",
        "wte",
        "wte.weights",
        "wte.weight.weight",
        "xwte.weight",
        "model.wte.weight",
        "transformer.model.embed_tokens.weight",
        "h.0.attn.bias",
        "h.0.attn.masked_bias",
        "h..ln_1.weight",
        "h.00.ln_1.weight",
        "h.01.ln_1.weight",
        "h.-1.ln_1.weight",
        "h.1.ln_1",
        "h.1.ln_11.weight",
        "h.1000000.ln_1.weight",
        "h.99999999999999999999999999.ln_1.weight",
        "blk.attn_q.weight",
        "blk.0.attn_q.lora_a",
        "blk.0.attn_q",
        "BLK.0.attn_q.weight",
        "rope_freqs.weight",
    };
    ql_name name;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (ql_name_parse(ql_text_from(others[i]), &name))
            fail_msg("'%s' is taken for a known name", others[i]);
    assert_int_equal(parse("h.999999.ln_1.weight").layer, 999999);
    assert_false(ql_name_parse((ql_text) { "wte.weight\0x", 12 }, &name));
    assert_false(ql_name_parse((ql_text) { "wte\0.weight", 11 }, &name));
}

/* numpy: x.reshape(heads, 2, d / 2).swapaxes(1, 2).reshape(-1) of x = arange(heads * d): place k holds row of_gguf[k]. */
static void rows_of_heads_go_where_the_converter_puts_them(void **state)
{
    (void)state;
    static const unsigned one_head[8] = { 0, 4, 1, 5, 2, 6, 3, 7 }, four_heads[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    static const unsigned two_heads[12] = { 0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11 };
    static const struct {
        const unsigned *of_gguf;
        unsigned rows, heads;
    } cases[] = { { one_head, 8, 1 }, { four_heads, 8, 4 }, { two_heads, 12, 2 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint64_t head_rows = ql_head_rows(cases[i].rows, cases[i].heads);
        assert_int_equal(head_rows, cases[i].rows / cases[i].heads);
        for (unsigned place = 0; place < cases[i].rows; place++)
            assert_int_equal(ql_head_row(cases[i].of_gguf[place], head_rows), place);
    }
    for (unsigned row = 0; row < 8; row++)
        assert_int_equal(ql_head_row(row, 0), row);
}

static void heads_that_do_not_fit_are_none(void **state)
{
    (void)state;
    assert_int_equal(ql_head_rows(32, 0), 0);
    assert_int_equal(ql_head_rows(32, 5), 0);
    assert_int_equal(ql_head_rows(32, 32), 0); /* one row is no pair */
    assert_int_equal(ql_head_rows(15, 5), 0);
    assert_int_equal(ql_head_rows(32, 64), 0);
    assert_int_equal(ql_head_rows(32, UINT64_MAX), 0);
    assert_int_equal(ql_head_rows(0, 4), 0);
    assert_int_equal(ql_head_rows(32, 16), 2);
    assert_int_equal(ql_head_rows(32, 1), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_tensor_are_the_same_and_of_others_are_not),
        cmocka_unit_test(who_gave_a_name_is_told),
        cmocka_unit_test(what_only_looks_alike_is_not_known),
        cmocka_unit_test(rows_of_heads_go_where_the_converter_puts_them),
        cmocka_unit_test(heads_that_do_not_fit_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
