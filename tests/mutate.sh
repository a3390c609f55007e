#!/bin/sh
# Breaks the kernels on purpose, one known-bad edit at a time in a private copy of the tree, and requires that the tests notice each.
#
#   tests/mutate.sh OUT [COUNT]      OUT: folder of the objects; COUNT: only so many of the edits, spread over the table (default: all)
#
# An edit that is not noticed fails; so does one that no longer changes its file, or does not compile. What this machine cannot run is skipped.

# One row per edit: name, file, the program that must fail, the edit (sed).
table()
{
    # The definition: tests with numbers of their own notice.
    row round_half_away_from_zero src/kernels/body.h test_kernels \
        's/return (v + magic) - magic;/return v < 0 ? ceil(v - magic * 0 - 0.5) : floor(v + 0.5);/'
    row hi_is_outside_the_last_bin src/kernels/kernels.h test_kernels \
        's/if (at > axis->hi)/if (at >= axis->hi)/'
    row edge_in_the_bin_below src/kernels/kernels.h test_kernels \
        's/(uint32_t)((at - axis->lo) \* axis->bins \/ width)/(uint32_t)(ceil((at - axis->lo) * axis->bins \/ width) - 1)/'
    row codes_are_not_clamped_above src/kernels/body.h test_kernels \
        's/return code > hi ? hi : code;/return code > hi + 1 ? hi : code;/'
    row lanes_in_another_tree src/kernels/isa.c test_kernels \
        's/sum\[i\] += sum\[i + half\];/sum[i] += sum[2 * half - 1 - i];/'
    row values_lose_what_a_difference_keeps src/kernels/body.h test_kernels \
        's/\*y = (float)((clamped - z) \* d);/*y = (float)clamped * (float)d - (float)z * (float)d;/'
    row zero_is_not_in_the_range src/kernels/step.c test_golden \
        's/lo = lo < 0 ? lo : 0;/lo = lo < 0 ? lo : lo;/'

    # Products against plain sums.
    row offset_of_codes_is_not_taken_back src/kernels/product_vector.h check_kernels \
        's/0u - 128u \* (uint32_t)/0u - 127u * (uint32_t)/'
    row all_groups_of_leveled_weights_have_one_scale src/kernels/product_vector.h check_kernels \
        's/^        scales += OUTPUTS;$/        scales += 0;/'
    row last_group_is_as_long_as_the_others src/kernels/product_vector.h check_kernels \
        's/r.cells = left < g->group_cells ? left : g->group_cells;/r.cells = g->group_cells;/'
    row high_nibbles_come_first src/kernels/simd_avx512.h check_kernels \
        's/out\[1\] = _mm512_shuffle_epi8/out[0] = out[1] = _mm512_shuffle_epi8/'
    row avx2_products_of_codes_saturate src/kernels/simd_avx2.h check_kernels \
        's/_mm256_madd_epi16(u_even, s_even)/_mm256_madd_epi16(_mm256_maddubs_epi16(u, s), _mm256_set1_epi16(1))/
         s/_mm256_madd_epi16(u_odd, s_odd)/_mm256_xor_si256(_mm256_xor_si256(u_odd, u_odd), _mm256_xor_si256(s_odd, s_odd))/
         s/__m256i u_even = .*, u_odd = /__m256i u_odd = /
         s/__m256i s_even = .*, s_odd = /__m256i s_odd = /'
    row avx512_products_of_codes_saturate src/kernels/simd_avx512.h check_kernels \
        's/_mm512_madd_epi16(u_even, s_even)/_mm512_madd_epi16(_mm512_maddubs_epi16(u, s), _mm512_set1_epi16(1))/
         s/_mm512_madd_epi16(u_odd, s_odd)/_mm512_xor_si512(_mm512_xor_si512(u_odd, u_odd), _mm512_xor_si512(s_odd, s_odd))/
         s/__m512i u_even = .*, u_odd = /__m512i u_odd = /
         s/__m512i s_even = .*, s_odd = /__m512i s_odd = /'
    row later_depths_begin_anew src/matmul/gemm.c test_products \
        's/more = part->from > 0 || /more = /'

    row steps_of_rows_stay_when_their_largest_goes src/analysis/matmul_outliers.c test_matmul_methods \
        's/may_change = in_outliers == s->w_largest\[j\];/may_change = in_outliers > s->w_largest[j];/'
    row outliers_are_not_in_half_precision src/analysis/matmul_outliers.c test_matmul_methods \
        's/    \*value = rounded;/    *value += 0 * rounded;/'
    row zero_point_of_x_is_not_taken_back src/analysis/matmul_codes.c test_matmul_methods \
        's/s->zero != 0; j++/s->zero > 1000; j++/'
    row every_group_of_a_row_is_its_first src/analysis/matmul_weights.c test_matmul_weights \
        's/return row \* g->row_groups + col \/ g->block;/return row * g->row_groups;/'

    row factor_of_the_tensor_is_left_out src/analysis/matmul_weights.c test_matmul_weights \
        's/w\[i\] \*= factor;/w[i] *= 1 + 0 * factor;/'
    row levels_begin_at_zero src/analysis/matmul_grouped.c test_matmul_weights \
        's/levels\[i\] = (float)(i - middle);/levels[i] = (float)i;/'
    row negative_sums_are_rounded_up src/analysis/matmul_codes.c test_matmul_methods \
        's/(mask >> 1) + (high < 0)/(mask >> 1)/'

    # Vectors against the definition.
    row near_ties_are_not_looked_at src/kernels/vector_uniform.h check_kernels \
        's/return (float)(0\.5 - ((low/return (float)(1.5 - ((low/'
    row near_ties_are_too_narrow src/kernels/vector_uniform.h check_kernels \
        's/ + 2) \* 0x1p-21);/ + 2) * 0x1p-26);/'
    row near_edges_of_bins_are_not_looked_at src/kernels/vector_count.h check_kernels \
        's/(float)(reach \* 0x1p-23)/(float)(reach * 0x1p-60)/'
    row candidates_forget_near_ties src/kernels/vector_uniform.h check_kernels \
        's/if (vm_bits(sure) != 0xFFFF)/if (vm_bits(sure) == 0)/'
    row quick_codes_clamp_one_too_far src/kernels/vector_uniform.h check_kernels \
        's/vf_min(vf_max(at, lo), hi);/vf_min(vf_max(at, lo), vf_add(hi, vf_set(1)));/'
    row zero_gets_a_sign src/kernels/vector_uniform.h check_kernels \
        's/vf_mul(vf_sub(clamped, magic), step)/vf_mul(vf_sub(magic, clamped), vf_sub(vf_set(0), step))/'
    row far_zeros_go_the_quick_way src/kernels/vector_uniform.h check_kernels \
        's/if (!vm_bits(far) \&\& /if (/'
    row blocks_begin_in_the_middle src/kernels/vector_uniform.h check_kernels \
        's/blocks.offset = blocks.size - left;/blocks.offset = 0;/'
    row squares_are_fused src/kernels/vector_measure.h check_kernels \
        's/squares = vd_add(squares, vd_mul(error, error));/squares = vd_add_exact_product(squares, error, error);/'
    row moments_drop_the_tail src/kernels/vector.h check_kernels \
        's/plain_moments(x + i, n - i, center, out);/plain_moments(x + i, (n - i) \/ 4, center, out);/'
    row errors_begin_their_tail_one_late src/kernels/vector_measure.h check_kernels \
        's/plain_errors(x + i, y + i, n - i, e + i,/plain_errors(x + i, y + i, n - i, e + i + 1,/'
    row places_found_in_the_tail_are_its_own src/kernels/vector_measure.h check_kernels \
        's/at\[i\] += (uint32_t)whole;/at[i] += 0;/'
    row blocks_of_few_codes_never_end src/kernels/vector_measure.h check_kernels \
        's/run = left < CODES - from ? left : CODES - from;/run = CODES - from;/'
    row range_reads_whole_vectors src/kernels/vector.h check_kernels \
        's/for (; i + WIDTH <= n; i += WIDTH) {/for (; i < n; i += WIDTH) {/'
    row infinity_is_finite src/kernels/vector.h check_kernels \
        's/>= 0x7F800000/> 0x7F800000/'
    row negative_keys_are_not_turned src/kernels/vector_count.h check_kernels \
        's/vi_or(vi_sar(bits, 31), vi_set/vi_or(vi_shr(bits, 31), vi_set/'
    row last_key_is_outside_its_range src/kernels/vector_count.h check_kernels \
        's/vi_set((int32_t)(ranges\[r\]\[1\] - ranges\[r\]\[0\]))/vi_set((int32_t)(ranges[r][1] - ranges[r][0] - 1))/'
    row lanes_behind_the_end_are_kept src/kernels/vector_count.h check_kernels \
        's/vm_and(in_ranges(ranges, count, keys), vm_head(width))/vm_and(in_ranges(ranges, count, keys), vm_head(WIDTH))/'
    row hi_has_a_fine_bin_of_its_own src/kernels/vector_count.h check_kernels \
        's/last_bin = vi_set(axis->bins - 1)/last_bin = vi_set(axis->bins)/'

    # Decoders.
    row quiet_bit_beside_its_place src/kernels/vector_decode.h check_kernels \
        's/quiet = vi_set(1 << 22)/quiet = vi_set(1 << 21)/'
    row packed_codes_begin_at_the_low_nibble src/kernels/narrow.h check_kernels \
        's/(i % 2 ? 0 : 4) \& 15/(i % 2 ? 4 : 0) \& 15/'
    row streams_lose_their_end src/kernels/vector_decode.h check_kernels \
        's/vf_load_head(x + i, n - i), n - i);/vf_load_head(x + i, n - i), (n - i) \/ 2);/'
    row q4_0_takes_high_nibbles_first src/kernels/vector_blocks.h check_kernels \
        's/vf_store(out, vf_mul(vi_to_float(vi_sub(low_nibs(nibs), eight)), d));/vf_store(out, vf_mul(vi_to_float(vi_sub(vi_shr(nibs, 4), eight)), d));/'
    row q5_takes_the_wrong_fifth_bit src/kernels/vector_blocks.h check_kernels \
        's/fifth_bits(high >> 16)), sixteen/fifth_bits(high >> 15)), sixteen/'
    row q2_k_takes_two_bits_twice src/kernels/vector_blocks.h check_kernels \
        '/float step\[16\], least\[16\]/,/^}/s/crumbs = vi_shr(crumbs, 2);/crumbs = vi_shr(crumbs, 1);/'
    row q3_k_inverts_no_mask src/kernels/vector_blocks.h check_kernels \
        's/vi_to_float(vi_sub(q, vi_set(4)))/vi_to_float(q)/'
    row q4_k_mixes_scales src/kernels/vector_blocks.h check_kernels \
        's/(s2 \& low) | (s0 >> 2 \& two)/(s2 \& low) | (s0 >> 4 \& two)/'
    row q6_k_shifts_crumbs_too_far src/kernels/vector_blocks.h check_kernels \
        's/vi_shl(vi_load_u8(b->crumbs + 32 \* h + 16 \* u), 4)/vi_shl(vi_load_u8(b->crumbs + 32 * h + 16 * u), 5)/'
    row nvfp4_has_no_small_scales src/kernels/vector_blocks.h check_kernels \
        's/vi_gt(vi_set(8), s)/vi_gt(vi_set(7), s)/'
    row iq4_xs_loses_a_bit_of_its_scales src/kernels/vector_blocks.h check_kernels \
        's/spread_crumbs(ql_load_u16(b->high_scales)) << 4/spread_crumbs(ql_load_u16(b->high_scales)) << 3/'
    row q1_0_makes_no_negative_zero src/kernels/vector_blocks.h check_kernels \
        's/negative = vf_mul(d, vf_set(-1))/negative = vf_sub(vf_set(0), d)/'
    row tq1_0_takes_the_lowest_digit_first src/kernels/blocks_body.h test_blocks \
        's/power = 1; k < trits; k++, power \*= 3/power = trits > 4 ? 81 : 27; k < trits; k++, power \/= 3/'
    row nan_is_whatever_comes_out src/kernels/blocks_body.h test_blocks \
        's/^RUN(q6_k, 256, is_special(b->d))/RUN(q6_k, 256, false)/'
    row mxfp4_flushes_its_least_scales src/kernels/narrow.h test_blocks \
        's/e < 2 ? 0x00200000u << e/e < 2 ? 0/'

    # Encoders.
    row e2m1_decides_ties_downwards src/kernels/encode_body.h test_encode \
        's/(a >= 0\.75)/(a > 0.75)/'
    row a_threshold_belongs_to_the_level_above src/kernels/encode_body.h test_encode \
        's/at += v > threshold/at += v >= threshold/'
    row e2m1_ties_never_go_up src/kernels/vector_formats.h check_kernels \
        's/vi_and(below, vi_set(1))/vi_set(0)/'
    row tiny_scales_stay_tiny src/kernels/vector_formats.h check_kernels \
        's/vf_set(0x1p96f)/vf_set(1)/'
    row limits_are_rounded_to_the_nearest src/kernels/vector_formats.h check_kernels \
        's/vf_bits(f), vi_set(-1)/vf_bits(f), vi_set(0)/'
    row zero_scales_have_codes src/kernels/vector_formats.h check_kernels \
        's/vf_select(is_zero, vf_set(INFINITY), scale)/scale/'
    row ggml_rounds_what_is_below_a_half src/kernels/vector_formats.h check_kernels \
        's/0x1\.fffffep-2f/0.5f/'
    row ggml_codes_go_below_zero src/kernels/vector_formats.h check_kernels \
        's/vi_max(vi_min(cut, top), vi_set(0))/vi_min(cut, top)/'
    row small_floats_do_not_saturate src/kernels/vector_formats.h check_kernels \
        's/vi_min(vi_add(base, units), vi_set(shape->largest_code))/vi_add(base, units)/'
    row bfloat_rounds_half_up src/kernels/vector_formats.h check_kernels \
        's/vi_set(0x7FFF)), odd)/vi_set(0x8000)), vi_sub(odd, odd))/'
    row near_thresholds_are_too_narrow src/kernels/vector_levels.h check_kernels \
        's/none, vf_set(0x1p-20f)/none, vf_set(0x1p-26f)/'
    row tiny_maxima_are_inverted_as_they_are src/kernels/vector_levels.h check_kernels \
        's/vf_max(largest, vf_set(QL_BLOCK_LEAST))/largest/'
    row search_takes_the_step_of_two_twice src/kernels/vector_levels.h check_kernels \
        's/(8 >> step) - 1/(8 >> step)/'
    row cells_begin_one_late src/kernels/vector_levels.h check_kernels \
        's/0x1p23f + 15/0x1p23f + 16/'
    row cells_forget_their_ends src/kernels/levels.c check_kernels \
        's/reach = 0\.5/reach = 0.45/'
    row lanes_behind_a_block_are_counted src/kernels/vector_lanes.h check_kernels \
        's/vm_and(outside, vm_head(n))/outside/'
    row the_first_block_is_whole src/kernels/vector_lanes.h check_kernels \
        's/first_run = blocks\.size - blocks\.offset/first_run = blocks.size/'

    # Vectors of an instruction set.
    row avx512_truncates_to_the_nearest src/kernels/simd_avx512.h check_kernels \
        's/_MM_FROUND_TO_ZERO/_MM_FROUND_TO_NEAREST_INT/'
    row avx512_compares_signed src/kernels/simd_avx512.h check_kernels \
        's/_mm512_cmple_epu32_mask/_mm512_cmple_epi32_mask/'
    row avx512_head_is_one_short src/kernels/simd_avx512.h check_kernels \
        's/_mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v)/_mm512_mask_storeu_ps(p, (__mmask16)(((1u << n) - 1) >> 1), v)/'
    row avx2_halves_in_the_wrong_order src/kernels/simd_avx2.h check_kernels \
        's/0x88)), 0xD8)/0x88)), 0xE4)/'
    row avx2_compress_swaps_two_lanes src/kernels/simd_avx2.h check_kernels \
        's/0x00654310/0x00653410/'
    row avx2_nan_hides_a_distance src/kernels/simd_avx2.h check_kernels \
        's/vf_max(vf_abs(y), vf_abs(x))/vf_max(vf_abs(x), vf_abs(y))/'
    row neon_minimum_of_its_own src/kernels/simd_neon.h check_neon \
        's/vbslq_f32(vcltq_f32(x, y), x, y)/vminq_f32(x, y)/'
    row neon_tables_of_48_bytes src/kernels/simd_neon.h check_neon \
        's/vsubq_u8(at, vdupq_n_u8(64))/vsubq_u8(at, vdupq_n_u8(48))/'
}

set -u
out=$1
count=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$out" "$work/tests"
cp -a Makefile src ui "$work/"
cp -a tests/*.[ch] tests/kernels tests/golden "$work/tests/"
cp -a "$out/." "$work/$out/"
here=$PWD
cd "$work" || exit 1

# What a program needs to be built, and to be run.
build() # program
{
    case $1 in
    check_kernels) make "$out/check_kernels" ;;
    check_neon) make CC=aarch64-linux-gnu-gcc OUT="$out-neon" LDFLAGS=-static "$out-neon/check_kernels" ;;
    *) make "$out/tests/$1" golden ;;
    esac >build.log 2>&1
}
run() # program
{
    case $1 in
    check_kernels) timeout 120 "$out/check_kernels" ;;
    check_neon) timeout 120 qemu-aarch64 "$out-neon/check_kernels" --rounds 100 ;;
    *) GOLDEN=$out/golden timeout 300 "$out/tests/$1" ;;
    esac >run.log 2>&1
}
runs_here() # file program
{
    isa=${1##*/simd_}
    case $1:$2 in
    *:check_neon) command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null ;;
    */simd_*) ./unbroken --isa "${isa%.h}" --rounds 1 >/dev/null ;;
    esac
}

# Ends the script unless the program passes before anything is broken.
sound() # program
{
    case " $known " in
    *" $1 "*) return ;;
    esac
    if ! build "$1" || ! run "$1"; then
        cat build.log run.log
        echo "mutate: $1 fails before anything is broken"
        exit 1
    fi
    known="$known $1"
}

mutate() # name file program edit
{
    if ! runs_here "$2" "$3"; then
        skipped=$((skipped + 1))
        echo "skipped  $1: not on this machine"
        return
    fi
    sound "$3"
    cp mutated "$2"
    if ! build "$3"; then
        wrong=$((wrong + 1))
        cat build.log
        echo "BROKEN   $1 does not compile"
    elif run "$3"; then
        wrong=$((wrong + 1))
        echo "MISSED   $1: $3 did not notice"
    else
        caught=$((caught + 1))
        echo "caught   $1: $(grep -m 1 -E ' differs | was touched|^\[  FAILED  \]' run.log)"
    fi
    cp "$here/$2" "$2"
}

row() # name file program edit: every edit must still apply, the chosen ones are tried
{
    index=$((index + 1))
    sed "$4" "$2" >mutated
    if cmp -s mutated "$2"; then
        wrong=$((wrong + 1))
        echo "LOST     $1: the edit no longer applies to $2"
    elif [ $((index * chosen / total)) -gt $(((index - 1) * chosen / total)) ]; then
        mutate "$@"
    fi
}

total=$(sed -n '/^table()/,/^}/p' "$here/tests/mutate.sh" | grep -c '^ *row ')
chosen=${count:-$total}
index=0 caught=0 skipped=0 wrong=0 known=
sound check_kernels
cp "$out/check_kernels" unbroken
table
echo "mutate: $caught caught, $skipped skipped, $wrong not as they should be"
[ "$wrong" = 0 ]
