#!/usr/bin/env python3
"""PTQ versus QAT on a tiny task, with a straight-through estimator, in plain float64 numpy.

Run:  python3 qat_reference.py [OUT.json]

Everything is deterministic and simple enough to port line by line: a 64-bit LCG supplies
the data and the initial weights, training is full-batch gradient descent with momentum,
every sum is a dot product.
"""
import json
import sys

import numpy as np


class LCG:
    """x <- x*6364136223846793005 + 1442695040888963407 mod 2^64; uniform in [0,1) from the top 53 bits"""

    def __init__(self, seed):
        self.s = seed & (2 ** 64 - 1)

    def u(self):
        self.s = (self.s * 6364136223846793005 + 1442695040888963407) & (2 ** 64 - 1)
        return (self.s >> 11) / 9007199254740992.0


def data(n, seed):
    """two interleaved spirals (about 1.2 turns), label = arm; radius t, angle 9t + pi*arm, uniform jitter"""
    g = LCG(seed)
    X, y = np.zeros((n, 2)), np.zeros(n, int)
    for i in range(n):
        arm = i & 1
        t = 0.15 + 0.85 * g.u()
        a = 9.0 * t + np.pi * arm
        X[i] = [t * np.cos(a) + 0.10 * (g.u() - 0.5), t * np.sin(a) + 0.10 * (g.u() - 0.5)]
        y[i] = arm
    return X, y


def init(h, seed):
    g = LCG(seed)
    W1 = np.array([[2 * g.u() - 1 for _ in range(2)] for _ in range(h)]) * 1.5
    b1 = np.array([2 * g.u() - 1 for _ in range(h)]) * 0.5
    W2 = np.array([[2 * g.u() - 1 for _ in range(h)] for _ in range(2)]) * np.sqrt(3.0 / h)
    return [W1, b1, W2, np.zeros(2)]


def fq(W, bits):
    """symmetric restricted per-row absmax fake quantization, step kept in float64; mask is 1 inside the range"""
    if bits is None:
        return W
    q = 2 ** (bits - 1) - 1
    a = np.max(np.abs(W), axis=1, keepdims=True)
    d = np.where(a > 0, a / q, 1.0)
    return np.clip(np.rint(W / d), -q, q) * d


def forward(P, X, bits):
    W1, b1, W2, b2 = P
    Z = X @ fq(W1, bits).T + b1
    H = np.maximum(Z, 0)
    return Z, H, H @ fq(W2, bits).T + b2


def loss_acc(P, X, y, bits):
    _, _, O = forward(P, X, bits)
    O = O - O.max(1, keepdims=True)
    lp = O - np.log(np.exp(O).sum(1, keepdims=True))
    return float(-lp[np.arange(len(y)), y].mean()), float((O.argmax(1) == y).mean())


def train(P, X, y, bits, steps, lr, mom=0.9):
    P = [p.copy() for p in P]
    V = [np.zeros_like(p) for p in P]
    n = len(y)
    for _ in range(steps):
        W1, b1, W2, b2 = P
        Z, H, O = forward(P, X, bits)
        S = np.exp(O - O.max(1, keepdims=True)); S /= S.sum(1, keepdims=True)
        S[np.arange(n), y] -= 1; S /= n
        # straight-through: d(fq(W))/dW := 1 (absmax range, so no weight is outside it)
        G2 = S.T @ H
        D = (S @ fq(W2, bits)) * (Z > 0)
        G = [D.T @ X, D.sum(0), G2, S.sum(0)]
        for p, v, g in zip(P, V, G):
            v *= mom; v += g; p -= lr * v
    return P


def main(out=None):
    X, y = data(400, 1); Xt, yt = data(400, 2)
    P0 = init(16, 3)
    P = train(P0, X, y, None, 4000, 0.2)
    res = dict(task="two spirals, 400 train / 400 test, 2-16-2 ReLU MLP, full batch, momentum 0.9",
               float32_train=loss_acc(P, X, y, None), float32_test=loss_acc(P, Xt, yt, None), bits={})
    for b in (8, 4, 3, 2):
        Q = train(P, X, y, b, 2000, 0.05)
        res["bits"][b] = dict(ptq_train=loss_acc(P, X, y, b), ptq_test=loss_acc(P, Xt, yt, b),
                              qat_train=loss_acc(Q, X, y, b), qat_test=loss_acc(Q, Xt, yt, b))
    res["first_values"] = dict(X0=X[0].tolist(), X1=X[1].tolist(), W1_0=P0[0][0].tolist(), W2_00=float(P0[2][0, 0]))
    print(json.dumps(res, indent=1))
    if out:
        json.dump(res, open(out, "w"), indent=1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
