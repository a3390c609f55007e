/* An instruction set is chosen by name, and what the program prints does not depend on it. check_kernels compares the kernels themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/product.h"
#include "testing.h"

static void an_instruction_set_is_chosen_by_name(void **state)
{
    (void)state;
    ql_error error = { 0 };
    assert_int_equal(ql_isa_use("scalar", &error), QL_OK);
    assert_ptr_equal(ql_kernels_active(), ql_kernels_at(0));
    assert_int_equal(ql_isa_use("mmx", &error), QL_BAD_USAGE);
    assert_non_null(strstr(error.message, "'mmx'"));
    assert_non_null(strstr(error.message, "scalar"));
    assert_ptr_equal(ql_kernels_active(), ql_kernels_at(0)); /* nothing changed */
    assert_int_equal(ql_isa_use(NULL, &error), QL_OK);
    ql_isa_info info;
    size_t last = 0;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        last = info.runs_here ? i : last;
        assert_int_equal(info.runs_here, ql_kernels_at(i) != NULL);
    }
    assert_true(ql_isa_at(last, &info) && info.in_use);
}

/* Those that run here, in their order, with their tiles; in use are the best ones of the set in use. */
static void the_kernels_of_products_are_listed(void **state)
{
    (void)state;
    ql_isa_info isa;
    ql_error error;
    for (size_t set = 0; ql_isa_at(set, &isa); set++) {
        if (!isa.runs_here) {
            continue;
        }
        assert_int_equal(ql_isa_use(isa.name, &error), QL_OK);
        ql_product_isa_info info;
        size_t run = 0, used = 0;
        for (size_t i = 0; ql_product_isa_at(i, &info); i++) {
            assert_true(*info.meaning && info.rows > 0 && info.rows <= QL_PRODUCT_ROWS && info.outputs > 0);
            if (info.runs_here) {
                const ql_product_kernels *kernels = ql_products_at(run++);
                assert_string_equal(info.name, kernels->name);
                assert_true(info.rows == kernels->rows && info.outputs == kernels->outputs);
                assert_int_equal(info.in_use, kernels == ql_products_active());
            }
            used += info.in_use;
            assert_true(info.runs_here || !info.in_use);
        }
        assert_int_equal(used, 1);
        assert_null(ql_products_at(run));
        assert_int_equal(strncmp(ql_products_active()->name, isa.name, strlen(isa.name)), 0);
        testing_result listed = testing_run("\"$QLOUPE\" kernels --isa %s --json", isa.name);
        char row[200];
        snprintf(row, sizeof row, "{\"name\":\"%s\",\"of\":\"products\",\"tile_rows\":%u,\"tile_outputs\":%u,\"meaning\":",
                 ql_products_active()->name, ql_products_active()->rows, ql_products_active()->outputs);
        const char *found = strstr(listed.standard_output, row);
        assert_true(found && strncmp(strstr(found, "\"in_use\":"), "\"in_use\":\"yes\"", 14) == 0);
        testing_result_free(&listed);
    }
    assert_int_equal(ql_isa_use(NULL, &error), QL_OK);
}

/* The whole of a report, through the program. */
static void reports_are_the_same_bytes_with_every_instruction_set(void **state)
{
    (void)state;
    ql_isa_info info;
    char *first = NULL;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        if (!info.runs_here) {
            continue;
        }
        testing_result r = testing_run("\"$QLOUPE\" compare --isa %s data/storyteller.safetensors -t 'h.1.*.weight' -s absmax "
                                       "-s zeropoint:bits=4,per=row -s absmax:bits=4,per=block,block=64,clip=mse -s nf4 --json",
                                       info.name);
        assert_int_equal(r.exit_code, 0);
        if (!first) {
            first = strdup(r.standard_output);
        }
        assert_string_equal(r.standard_output, first);
        testing_result_free(&r);
    }
    free(first);
    testing_result refused = testing_run("QLOUPE_ISA=mmx \"$QLOUPE\" kernels");
    assert_int_equal(refused.exit_code, 2);
    assert_non_null(strstr(refused.standard_error, "QLOUPE_ISA: 'mmx'"));
    testing_result_free(&refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instruction_set_is_chosen_by_name),
        cmocka_unit_test(the_kernels_of_products_are_listed),
        cmocka_unit_test(reports_are_the_same_bytes_with_every_instruction_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
