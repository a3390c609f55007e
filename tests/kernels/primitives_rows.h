/*
 * One row per operation of simd.h: ROW(name, in vectors, in plain C for lane l). The operands are those of primitives.h by
 * their names: lowercase is one lane, uppercase the vector; M and N are the conditions `on` and `also`.
 */
ROW(vf_load, vf_store(out->f, vf_load(in->a)), out->f[l] = a)
ROW(vf_set, vf_store(out->f, vf_set(in->a[3])), out->f[l] = in->a[3])
ROW(vf_load_head, vf_store(out->f, vf_load_head(in->edge - in->n, in->n)), out->f[l] = l < in->n ? (in->edge - in->n)[l] : 0)
ROW(vf_store_head,
    (vf_store(in->edge - LANES, B), vf_store_head(in->edge - in->n, A, in->n), vf_store(out->f, vf_load(in->edge - LANES))),
    out->f[l] = l < LANES - in->n ? b : in->a[l - (LANES - in->n)])
ROW(vf_add, vf_store(out->r, vf_add(A, B)), out->r[l] = a + b)
ROW(vf_sub, vf_store(out->r, vf_sub(A, B)), out->r[l] = a - b)
ROW(vf_mul, vf_store(out->r, vf_mul(A, B)), out->r[l] = a * b)
ROW(vf_div, vf_store(out->r, vf_div(A, B)), out->r[l] = a / b)
ROW(vf_fma, vf_store(out->r, vf_fma(A, B, C)), out->r[l] = fmaf(a, b, c))
ROW(vf_min, vf_store(out->f, vf_min(A, B)), out->f[l] = a < b ? a : b)
ROW(vf_max, vf_store(out->f, vf_max(A, B)), out->f[l] = a > b ? a : b)
ROW(vf_abs, vf_store(out->f, vf_abs(A)), out->f[l] = fabsf(a))
ROW(vf_max_abs, vf_store(out->f, vf_max_abs(P, vf_add(A, A))), out->f[l] = fabsf(a + a) > fabsf(p) ? fabsf(a + a) : fabsf(p))
ROW(vf_min_abs, vf_store(out->f, vf_min_abs(P, Q)), out->f[l] = fabsf(p) < fabsf(q) ? fabsf(p) : fabsf(q))
ROW(vf_round, vf_store(out->r, vf_round(A)), out->r[l] = rintf(a))
ROW(vf_reciprocal, float about[LANES]; vf_store(about, vf_reciprocal(G));
    out->bits = reciprocals(in, about), out->bits |= 1u << l)
ROW(vf_copysign, vf_store(out->f, vf_copysign(vf_abs(A), B)), out->f[l] = copysignf(a, b))
ROW(vf_limit, vf_store(out->f, vf_limit(P, vf_max_abs(Q, vf_set(1)))),
    out->f[l] = fabsf(p) < fmaxf(fabsf(q), 1) ? p : copysignf(fmaxf(fabsf(q), 1), p))
ROW(vf_trunc, vf_store(out->r, vf_trunc(A)), out->r[l] = truncf(a))
ROW(vf_select, vf_store(out->f, vf_select(M, A, B)), out->f[l] = m ? a : b)
ROW(vf_gt, out->bits = vm_bits(vf_gt(A, B)), out->bits |= (uint32_t)(a > b) << l)
ROW(vf_ge, out->bits = vm_bits(vf_ge(A, B)), out->bits |= (uint32_t)(a >= b) << l)
ROW(vf_eq, out->bits = vm_bits(vf_eq(A, B)), out->bits |= (uint32_t)(a == b) << l)
ROW(vf_ne, out->bits = vm_bits(vf_ne(A, B)), out->bits |= (uint32_t)(a != b) << l)
ROW(vf_least, out->r[0] = vf_least(P) + 0, out->r[0] = l == 0 || p < out->r[0] ? p + 0 : out->r[0])
ROW(vf_greatest, out->r[0] = vf_greatest(P) + 0, out->r[0] = l == 0 || p > out->r[0] ? p + 0 : out->r[0])
ROW(vf_lookup16, vf_store(out->f, vf_lookup16(in->table, I)), out->f[l] = in->table[i & 15])
ROW(vf_lookup32, vf_store(out->f, vf_lookup32(in->table, I)), out->f[l] = in->table[i & 31])
ROW(vf_least_of_each, vf v[LANES]; for (int k = 0; k < LANES; k++) { v[k] = vf_max(P, vf_set(in->q[k])); }
    vf_store(out->r, vf_add(vf_least_of_each(v), vf_set(0))), out->r[l] = nearest_of_all(in, q, -1) + 0)
ROW(vf_greatest_of_each, vf v[LANES]; for (int k = 0; k < LANES; k++) { v[k] = vf_min(P, vf_set(in->q[k])); }
    vf_store(out->r, vf_add(vf_greatest_of_each(v), vf_set(0))), out->r[l] = nearest_of_all(in, q, 1) + 0)
ROW(vf_pick8, vf_store(out->f, vf_pick8(vf_load(in->table), vi_and(I, vi_set(7)))), out->f[l] = in->table[i & 7])
ROW(vf_pick16, vf_store(out->f, vf_pick16(vf_load(in->table), I)), out->f[l] = in->table[i & 15])
ROW(vf_pick32, vf_store(out->f, vf_pick32(vf_load(in->table), vf_load(in->table + 16), I)), out->f[l] = in->table[i & 31])
ROW(vf_gather, vf_store(out->f, vf_gather(in->table + 16, vi_sub(vi_and(I, vi_set(31)), vi_set(16)))),
    out->f[l] = in->table[i & 31])
ROW(vf_compress, (out->count = vf_compress(in->edge - LANES, M, A), memcpy(out->f, in->edge - LANES, out->count * 4)),
    if (m) out->f[out->count++] = a)
ROW(vi_compress,
    (out->count = vi_compress((uint32_t *)in->edge - LANES, M, I), memcpy(out->i, in->edge - LANES, out->count * 4)),
    if (m) out->i[out->count++] = i)
ROW(vf_stream, _Alignas(64) float line[LANES]; vf_stream(line, A); vf_stream_end();
    memcpy(out->f, line, sizeof line), out->f[l] = a)
ROW(vi_load, vi_store(out->i, vi_load(in->i)), out->i[l] = i)
ROW(vi_set, vi_store(out->i, vi_set(in->i[5])), out->i[l] = in->i[5])
ROW(vi_load_u8, vi_store(out->i, vi_load_u8(in->bytes + 16)), out->i[l] = in->bytes[16 + l])
ROW(vi_load_i8, vi_store(out->i, vi_load_i8((const int8_t *)in->bytes)), out->i[l] = (int8_t)in->bytes[l])
ROW(vi_load_u16, vi_store(out->i, vi_load_u16((const uint16_t *)in->bytes)), out->i[l] = word_at(in, l))
ROW(vi_add, vi_store(out->i, vi_add(I, J)), out->i[l] = (int32_t)((uint32_t)i + (uint32_t)j))
ROW(vi_sub, vi_store(out->i, vi_sub(I, J)), out->i[l] = (int32_t)((uint32_t)i - (uint32_t)j))
ROW(vi_and, vi_store(out->i, vi_and(I, J)), out->i[l] = i & j)
ROW(vi_or, vi_store(out->i, vi_or(I, J)), out->i[l] = i | j)
ROW(vi_xor, vi_store(out->i, vi_xor(I, J)), out->i[l] = i ^ j)
ROW(vi_shl, vi_store(out->i, vi_shl(I, 9)), out->i[l] = (int32_t)((uint32_t)i << 9))
ROW(vi_shr, vi_store(out->i, vi_shr(I, 13)), out->i[l] = (int32_t)((uint32_t)i >> 13))
ROW(vi_sar, vi_store(out->i, vi_sar(I, 31)), out->i[l] = i < 0 ? -1 : 0)
ROW(vi_min, vi_store(out->i, vi_min(I, J)), out->i[l] = i < j ? i : j)
ROW(vi_max, vi_store(out->i, vi_max(I, J)), out->i[l] = i > j ? i : j)
ROW(vi_max_u, vi_store(out->i, vi_max_u(I, J)), out->i[l] = (uint32_t)i > (uint32_t)j ? i : j)
ROW(vi_greatest_u, out->bits = vi_greatest_u(I), out->bits = (uint32_t)i > out->bits ? (uint32_t)i : out->bits)
ROW(vi_gt, out->bits = vm_bits(vi_gt(I, J)), out->bits |= (uint32_t)(i > j) << l)
ROW(vi_eq, out->bits = vm_bits(vi_eq(I, J)), out->bits |= (uint32_t)(i == j) << l)
ROW(vi_le_u, out->bits = vm_bits(vi_le_u(I, J)), out->bits |= (uint32_t)((uint32_t)i <= (uint32_t)j) << l)
ROW(vi_select, vi_store(out->i, vi_select(M, I, J)), out->i[l] = m ? i : j)
ROW(vi_add_where, vi_store(out->i, vi_add_where(M, I, J)), out->i[l] = m ? (int32_t)((uint32_t)i + (uint32_t)j) : i)
ROW(vi_store_i16_two, int16_t two[2 * LANES]; vi_store_i16_two(two, vi_sar(I, 16), vi_sar(J, 16));
    memcpy(out->narrow, two, sizeof out->narrow); vi_store(out->i, vi_load_u16((const uint16_t *)two + LANES)),
    out->narrow[l] = (int16_t)(i >> 16); out->i[l] = (uint16_t)(j >> 16))
ROW(vi_lookup16, vi_store(out->i, vi_lookup16(in->words, I)), out->i[l] = in->words[i & 15])
ROW(vi_lookup32, vi_store(out->i, vi_lookup32(in->words, I)), out->i[l] = in->words[i & 31])
ROW(vi_store_i16, vi_store_i16(out->narrow, I), out->narrow[l] = (int16_t)(uint16_t)(uint32_t)i)
ROW(vi_store_u16, vi_store_u16((uint16_t *)out->narrow, I), out->narrow[l] = (int16_t)(uint16_t)(uint32_t)i)
ROW(vi_store_u32, vi_store_u32((uint32_t *)out->i, I), out->i[l] = i)
ROW(vi_has_bit, out->bits = vm_bits(vi_has_bit((const uint32_t *)in->words, I)),
    out->bits |= ((uint32_t)in->words[(i & 1023) >> 5] >> (i & 31) & 1) << l)
ROW(vf_bits, vi_store(out->i, vf_bits(A)), memcpy(&out->i[l], &a, 4))
ROW(vf_from_bits, vf_store(out->f, vf_from_bits(I)), memcpy(&out->f[l], &i, 4))
ROW(vf_to_int, vi_store(out->i, vf_to_int(W)), out->i[l] = (int32_t)w)
ROW(vi_to_float, vf_store(out->f, vi_to_float(I)), out->f[l] = (float)i)
ROW(vf_set_half, vf_store(out->f, vf_set_half(in->bytes + 1)), out->f[l] = half_of(in->bytes[1] | in->bytes[2] << 8))
ROW(vi_from_bytes, vi_store(out->i, vi_from_bytes(UINT64_C(0x0102030405060708) * in->bytes[0], in->bytes[1])),
    out->i[l] = l < 8    ? (uint8_t)((UINT64_C(0x0102030405060708) * in->bytes[0]) >> 8 * l)
                : l == 8 ? in->bytes[1]
                         : 0)
ROW(vi_load_nibbles, vi_store(out->i, vi_and(vi_load_nibbles(in->bytes + 3), vi_set(15))),
    out->i[l] = in->bytes[3 + l / 2] >> (l % 2 ? 0 : 4) & 15)
ROW(vi_set_cell, vi_store(out->i, vi_set_cell(in->bytes + 5)), memcpy(&out->i[l], in->bytes + 5, 4))
ROW(vi_load_levels, vi levels[QL_LEVEL_VECTORS]; int32_t lanes[LANES * QL_LEVEL_VECTORS];
    vi_load_levels((const uint8_t *)in->words, in->bytes, levels);
    for (int k = 0; k < QL_LEVEL_VECTORS; k++) { vi_store(lanes + LANES * k, levels[k]); } memcpy(out->i, lanes, 32);
    memcpy(out->i + 8, lanes + LANES * QL_LEVEL_VECTORS / 2, 32),
    out->i[l] = levels_of(in->bytes, (uint32_t)in->words[l % 8] >> (l < 8 ? 0 : 4)))
ROW(vi_add_cell_products, vi_store(out->i, vi_add_cell_products(vi_load(in->words), I, J)),
    out->i[l] = (int32_t)((uint32_t)in->words[l] + cell_product((uint32_t)i, (uint32_t)j)))
ROW(vb_equal, int16_t codes[64]; for (int at = 0; at < 64; at++) { codes[at] = code_at(in, at); }
    const uint64_t equal = vb_equal(vb_load_low(codes), in->bytes[0] & 3); memcpy(out->i, &equal, 8),
    for (int at = (int)l; at < 64; at += LANES) {
        out->i[at / 32] |= (int32_t)((uint32_t)((code_at(in, at) & 255) == (in->bytes[0] & 3)) << at % 32);
    })
ROW(vm_from_bits, out->bits = vm_bits(vm_from_bits(in->bytes[0] | in->bytes[1] << 8 | 1u << 20)),
    out->bits = in->bytes[0] | in->bytes[1] << 8)
ROW(vf_load_half, vf_store(out->f, vf_load_half((const uint16_t *)in->bytes)), out->f[l] = half_of(word_at(in, l)))
ROW(vm_or, out->bits = vm_bits(vm_or(M, N)), out->bits |= (uint32_t)(m || n) << l)
ROW(vm_and, out->bits = vm_bits(vm_and(M, N)), out->bits |= (uint32_t)(m && n) << l)
ROW(vm_none, out->bits = vm_bits(vm_none()), out->bits = 0)
ROW(vm_bits, out->bits = vm_bits(M), out->bits |= (uint32_t)m << l)
ROW(vm_head, out->bits = vm_bits(vm_head(in->n)), out->bits |= (uint32_t)(l < in->n) << l)
ROW(vd_zero, vd_store(out->d, vd_zero()), out->d[l] = 0)
ROW(vd_set, vd_store(out->d, vd_set(in->x[1])), out->d[l] = in->x[1])
ROW(vd_load, vd_store(out->d, vd_load(in->x)), out->d[l] = x)
ROW(vd_load_f, vd_store(out->s, vd_load_f(in->a)), out->s[l] = a)
ROW(vf_to_double, vd_store(out->s, vf_to_double(A)), out->s[l] = a)
ROW(vd_from_int, vd_store(out->d, vd_from_int(I)), out->d[l] = i)
ROW(vd_to_float, vf_store(out->r, vd_to_float(X)), out->r[l] = (float)x)
ROW(vd_to_int, vi_store(out->i, vd_to_int(K)), out->i[l] = (int32_t)k)
ROW(vd_add, vd_store(out->s, vd_add(X, Y)), out->s[l] = x + y)
ROW(vd_sub, vd_store(out->s, vd_sub(X, Y)), out->s[l] = x - y)
ROW(vd_mul, vd_store(out->s, vd_mul(X, Y)), out->s[l] = x * y)
ROW(vd_div, vd_store(out->s, vd_div(X, Y)), out->s[l] = x / y)
ROW(vd_add_exact_product, vd_store(out->s, vd_add_exact_product(Z, vd_load_f(in->a), vd_load_f(in->b))),
    out->s[l] = z + (double)a * (double)b)
ROW(vd_min, vd_store(out->d, vd_min(X, Y)), out->d[l] = x < y ? x : y)
ROW(vd_max, vd_store(out->d, vd_max(X, Y)), out->d[l] = x > y ? x : y)
ROW(vd_abs, vd_store(out->d, vd_abs(X)), out->d[l] = fabs(x))
ROW(vd_max_abs, vd_store(out->d, vd_max_abs(U, V)), out->d[l] = fabs(u) > fabs(v) ? fabs(u) : fabs(v))
ROW(vd_greatest, out->s[0] = vd_greatest(U) + 0, out->s[0] = l == 0 || u > out->s[0] ? u + 0 : out->s[0])
ROW(vd_gt, out->bits = vm_bits(vd_gt(X, Y)), out->bits |= (uint32_t)(x > y) << l)
ROW(vd_ge, out->bits = vm_bits(vd_ge(X, Y)), out->bits |= (uint32_t)(x >= y) << l)
