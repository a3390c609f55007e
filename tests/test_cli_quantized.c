/*
 * What the command line says of files that are quantized: `diff` against their source, `stat` of block types. The expected
 * texts stand in tests/cli/NAME.txt; UPDATE=1 writes them anew.
 */
#include "cli.h"

#include "gguf.h"

static const char *folder;
static char program[4096];

static testing_result run(const char *arguments)
{
    return testing_run("cd '%s' && '%s' %s", folder, program, arguments);
}

static void check_text(const char *name, const char *arguments, int exit_code)
{
    cli_check_text(folder, program, name, arguments, exit_code);
}

/* ---- Files */

/* Two models that share tensors in every way: alike, changed, of another shape, of another name, with NaN in one. */
static void write_pair(void)
{
    static const char first[] = "{\"layer.weight\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[0,32]},"
                                "\"layer.bias\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[32,48]},"
                                "\"h.0.ln_1.weight\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[48,64]},"
                                "\"shape\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[64,80]},"
                                "\"broken\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[80,88]},"
                                "\"sound\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[88,96]},"
                                "\"only \\u001b[31mhere\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[96,100]}}";
    static const char other[] = "{\"sound\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                                "\"shape\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[8,24]},"
                                "\"broken\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]},"
                                "\"layer.weight\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[32,64]},"
                                "\"layer.bias\":{\"dtype\":\"F64\",\"shape\":[4],\"data_offsets\":[64,96]},"
                                "\"blk.0.attn_norm.weight\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[96,112]},"
                                "\"only\\u202ethere\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[112,116]}}";
    static const float x[25] = { 0.5f, -1.0f, 0.25f, 2.0f, -0.125f, 0.75f, 1.5f, -3.0f, 1, 2, 3, 4, 1,
                                 1,    1,     1,     5,    6,       7,     8,    1,     0, 1, 1, 1 };
    static const float y[16] = { 1, 0, 5, 6, 7, 8, 1, 1, 0.5f, -1.0f, 0, 2.0f, -0.125f, 0.5f, 1.5f, -3.0f };
    static const double bias[4] = { 1, 2, 3, 4 };
    static const float norm[5] = { 1, 1, 1, 1.5f, 0 };
    static const uint32_t nan = 0x7fc00000;
    unsigned char data[116];
    memcpy(data, x, 100);
    memcpy(data + 84, &nan, 4);
    cli_write_model(testing_path(folder, "source.safetensors"), first, data, 100);
    memcpy(data, y, 64);
    memcpy(data + 4, &nan, 4);
    memcpy(data + 64, bias, 32);
    memcpy(data + 96, norm, 20);
    cli_write_model(testing_path(folder, "other.safetensors"), other, data, 116);
    cli_write_model(testing_path(folder, "none.safetensors"), "{}", data, 0);
}

static void write_gguf(const char *name, gguf *g)
{
    testing_write(testing_path(folder, name), g->bytes, g->size);
    free(g->bytes);
}

/* A Llama of one layer with 2 heads of 4 rows and 1 of keys, and what llama.cpp makes of it: rows of a head go 0 2 1 3. */
static void write_llama(void)
{
    static const char header[] =
        "{\"model.layers.0.self_attn.q_proj.weight\":{\"dtype\":\"F32\",\"shape\":[8,2],\"data_offsets\":[0,64]},"
        "\"model.layers.0.self_attn.k_proj.weight\":{\"dtype\":\"F32\",\"shape\":[4,2],\"data_offsets\":[64,96]},"
        "\"model.layers.0.self_attn.v_proj.weight\":{\"dtype\":\"F32\",\"shape\":[4,2],\"data_offsets\":[96,128]}}";
    static const int moved[4] = { 0, 2, 1, 3 };
    float rows[16][2];
    for (int i = 0; i < 16; i++) {
        rows[i][0] = (float)i;
        rows[i][1] = (float)(i * i) / 8;
    }
    cli_write_model(testing_path(folder, "llama.safetensors"), header, rows, 128);
    gguf g = gguf_make("head 3 3 key general.architecture 8 text llama key llama.attention.head_count 4 u32 2 "
                       "key llama.attention.head_count_kv 4 u32 1 tensor blk.0.attn_q.weight 0 0 2 2 8 "
                       "tensor blk.0.attn_k.weight 0 64 2 2 4 tensor blk.0.attn_v.weight 0 96 2 2 4 pad 32");
    for (int i = 0; i < 12; i++)
        gguf_put(&g, rows[i / 4 * 4 + moved[i % 4]], 8);
    gguf_put(&g, rows[12], 32);
    write_gguf("llama.gguf", &g);
}

/* One block and more of each way to store: one scale a block, a minimum, sub-blocks, a table, without values; nothing. */
static void write_blocks(void)
{
    gguf g = gguf_make("head 6 0 tensor simple 2 0 1 64 tensor minimum 3 64 1 32 tensor nested 12 96 1 256 "
                       "tensor float 39 256 1 32 tensor listed 19 288 1 256 tensor plain 0 352 1 4 pad 32");
    for (int i = 0; i < 2; i++) { /* q4_0: d = 0.5, then 0 */
        gguf_number(&g, i ? 0 : 0x3800, 2);
        for (unsigned j = 0; j < 16; j++)
            gguf_number(&g, j | (15 - j) << 4, 1);
    }
    gguf_pad(&g, 32);
    gguf_number(&g, 0x3c00bc00, 4); /* q4_1: d = -1, m = 1 */
    for (unsigned j = 0; j < 16; j++)
        gguf_number(&g, j % 2 ? 0x77 : 0x70, 1);
    gguf_pad(&g, 32);
    gguf_number(&g, 0x3c00, 4); /* q4_K: d = 1, scales 1, 2, 3, 4 and 0, no minimum */
    gguf_number(&g, 0x04030201, 4);
    gguf_zeros(&g, 8);
    for (unsigned j = 0; j < 128; j++)
        gguf_number(&g, j * 7 & 255, 1);
    gguf_pad(&g, 32);
    gguf_number(&g, 127 - 3, 1); /* mxfp4: scale 1 / 8, codes 0 and the other zero, 8 */
    for (unsigned j = 0; j < 16; j++)
        gguf_number(&g, j % 4 ? 0x08 : 0x71, 1);
    gguf_pad(&g, 32);
    gguf_zeros(&g, 50);
    gguf_pad(&g, 32);
    for (int i = 0; i < 4; i++)
        gguf_put(&g, &(float) { 1 }, 4);
    write_gguf("blocks.gguf", &g);
}

/* ---- Tests */

static void diff_measures_the_same_tensors_of_two_files(void **state)
{
    (void)state;
    check_text("diff", "diff source.safetensors other.safetensors", 0);
    check_text("diff-json", "diff source.safetensors other.safetensors --json", 0);
    check_text("diff-csv", "diff source.safetensors other.safetensors --csv", 0);
    check_text("diff-md", "diff source.safetensors other.safetensors --md --quiet", 0);
    check_text("diff-one", "diff source.safetensors other.safetensors -t layer.weight", 0);
    check_text("diff-some", "diff source.safetensors other.safetensors -t 'layer*' -t 'only*'", 0);
    check_text("help-diff", "help diff", 0);
}

static void rows_that_llama_cpp_moves_are_no_difference(void **state)
{
    (void)state;
    check_text("diff-llama", "diff llama.safetensors llama.gguf", 0);
    testing_result there = run("diff llama.safetensors llama.gguf --json --fail-on 'max_abs>0'");
    testing_result back = run("diff llama.gguf llama.safetensors --json --fail-on 'max_abs>0'");
    assert_int_equal(there.exit_code, 0);
    assert_int_equal(back.exit_code, 0);
    testing_result_free(&there);
    testing_result_free(&back);
}

static void diff_ends_as_scripts_want_it(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        int exit_code;
        const char *words;
    } cases[] = {
        { "diff", 2, "`qloupe diff` needs 2 files: qloupe diff A B" },
        { "diff source.safetensors", 2, "needs 2 files" },
        { "diff source.safetensors other.safetensors zoo", 2, "'zoo' is one too many" },
        { "diff source.safetensors missing.safetensors", 2, "missing.safetensors: cannot be opened" },
        { "diff missing.safetensors source.safetensors", 2, "missing.safetensors: cannot be opened" },
        { "diff source.safetensors llama.gguf", 2, "source.safetensors and llama.gguf have no tensor in common" },
        { "diff source.safetensors none.safetensors", 2, "have no tensor in common" },
        { "diff none.safetensors source.safetensors", 2, "no tensors in this file" },
        { "diff source.safetensors other.safetensors -t nothing", 2, "no tensor matches 'nothing'" },
        { "diff source.safetensors other.safetensors -t 'only*'", 2, "none of the 1 tensors that -t names is in other" },
        { "diff source.safetensors other.safetensors --fail-on 'sqnr_db<20'", 1,
          "tensor 'h.0.ln_1.weight', other.safetensors: sqnr_db is 12.04" },
        { "diff source.safetensors other.safetensors --fail-on 'sqnr_db<2'", 0, "3 rows have a note instead of numbers" },
        { "diff source.safetensors other.safetensors --fail-on 'bytes>=40'", 0, "" },
        { "diff source.safetensors other.safetensors --fail-on 'bytes>=32' --fail-on 'bits_per_weight==64'", 1,
          "tensor 'layer.bias'" },
        { "diff source.safetensors other.safetensors --fail-on 'levels_used<3'", 2, "there is no levels_used" },
        { "diff source.safetensors other.safetensors -s absmax", 2, "takes no --spec" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        testing_result result = run(cases[i].arguments);
        if (result.exit_code != cases[i].exit_code || !strstr(result.standard_error, cases[i].words))
            fail_msg("qloupe %s: exit %d, stderr \"%s\"", cases[i].arguments, result.exit_code, result.standard_error);
        assert_true((result.output_size == 0) == (cases[i].exit_code == 2));
        testing_result_free(&result);
    }
}

static void threads_and_kernels_change_nothing(void **state)
{
    (void)state;
    testing_result first = run("diff source.safetensors other.safetensors --json --threads 1 --isa scalar");
    testing_result other = run("diff source.safetensors other.safetensors --json --threads 5");
    assert_string_equal(first.standard_output, other.standard_output);
    testing_result_free(&first);
    testing_result_free(&other);
}

static void stat_tells_what_block_types_are_stored_as(void **state)
{
    (void)state;
    check_text("stat-blocks", "stat blocks.gguf", 0);
    check_text("stat-blocks-json", "stat blocks.gguf --json", 0);
    check_text("stat-blocks-one", "stat blocks.gguf -t nested", 0);
    check_text("stat-blocks-listed", "stat blocks.gguf -t listed", 0);
}

static void a_file_without_tensors_is_an_empty_list(void **state)
{
    (void)state;
    testing_result stat = run("stat none.safetensors --json"), ls = run("ls none.safetensors --json");
    assert_int_equal(stat.exit_code, 0);
    assert_int_equal(ls.exit_code, 0);
    assert_string_equal(stat.standard_output,
                        "{\"schema\":1,\"file\":\"none.safetensors\",\"format\":\"safetensors\",\"tensors\":[]}\n");
    assert_non_null(strstr(ls.standard_output, "\"tensors\":[]"));
    testing_result_free(&stat);
    testing_result_free(&ls);
}

static void what_is_printed_is_valid_and_safe(void **state)
{
    (void)state;
    static const char *const commands[] = { "diff source.safetensors other.safetensors", "diff llama.gguf llama.safetensors",
                                            "stat blocks.gguf", "stat none.safetensors" };
    static const char *const forms[] = { "--json", "--csv", "--md", "" };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        for (size_t form = 0; form < sizeof forms / sizeof forms[0]; form++) {
            testing_result result = testing_run("cd '%s' && LC_ALL=C '%s' %s %s", folder, program, commands[i], forms[form]);
            assert_int_equal(result.exit_code, 0);
            assert_true(form > 0 || json_is_valid(result.standard_output));
            for (const char *c = result.standard_output; *c; c++)
                assert_true(((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f) || *c == '\n' || form == 0);
            assert_null(strchr(result.standard_output, 0x1b));
            assert_null(strstr(result.standard_output, "\u202e"));
            testing_result_free(&result);
        }
}

static int set_up(void **state)
{
    (void)state;
    folder = testing_folder();
    write_pair();
    write_llama();
    write_blocks();
    const char *given = getenv("QLOUPE");
    char *whole = realpath(given ? given : "build/qloupe", NULL);
    if (!whole)
        return -1;
    snprintf(program, sizeof program, "%s", whole);
    free(whole);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diff_measures_the_same_tensors_of_two_files),
        cmocka_unit_test(rows_that_llama_cpp_moves_are_no_difference),
        cmocka_unit_test(diff_ends_as_scripts_want_it),
        cmocka_unit_test(threads_and_kernels_change_nothing),
        cmocka_unit_test(stat_tells_what_block_types_are_stored_as),
        cmocka_unit_test(a_file_without_tensors_is_an_empty_list),
        cmocka_unit_test(what_is_printed_is_valid_and_safe),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
