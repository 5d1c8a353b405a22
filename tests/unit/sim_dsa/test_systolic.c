/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed forms of systolic arrays against arrays of cells that pass values on cycle by cycle,
 * and against what a peer printed for the layers of ResNet-18.
 */
#include "tests/unit/sim_dsa/rig.h"

#include <stdio.h>
#include <string.h>

enum { SIDE = 6, SIZE = 9 };

static int a[SIZE][SIZE], b[SIZE][SIZE], want[SIZE][SIZE], got[SIZE][SIZE];
static int m_size, n_size, k_size, rows, columns;

static int value(const int (*matrix)[SIZE], int i, int j, int height, int width)
{
	return i >= 0 && j >= 0 && i < height && j < width ? matrix[i][j] : 0;
}

/* One piece of the weights: they come in from above, a row each cycle; activations enter row r
 * r cycles late and go right; sums go down and leave below. Ends when the last one left. */
static uint64_t weight_stationary_piece(int k0, int n0)
{
	int weight[SIDE][SIDE] = {{0}}, right[SIDE][SIDE] = {{0}}, down[SIDE][SIDE] = {{0}};
	uint64_t cycles = 0;

	for (int r = 0; r < rows; r++, cycles++) {
		memmove(weight[1], weight[0], sizeof(weight[0]) * (SIDE - 1));
		for (int c = 0; c < columns; c++)
			weight[0][c] = value(b, k0 + rows - 1 - r, n0 + c, k_size, n_size);
	}
	for (int t = 0, left = m_size * columns; left; t++, cycles++) {
		for (int r = rows - 1; r >= 0; r--) {
			for (int c = columns - 1; c >= 0; c--) {
				right[r][c] = c ? right[r][c - 1]
						: value(a, t - r, k0 + r, m_size, k_size);
				down[r][c] = (r ? down[r - 1][c] : 0) + right[r][c] * weight[r][c];
			}
		}
		for (int c = 0; c < columns; c++) {
			int m = t - (rows - 1) - c;

			if (m < 0 || m >= m_size)
				continue;
			left--;
			if (n0 + c < n_size)
				got[m][n0 + c] += down[rows - 1][c];
		}
	}
	return cycles;
}

/* One piece of the result, which stays: rows of A from the left and columns of B from above, each
 * a cycle later than its neighbour. Ends when the last product was added. */
static uint64_t output_stationary_piece(int m0, int n0)
{
	int sum[SIDE][SIDE] = {{0}}, right[SIDE][SIDE] = {{0}}, down[SIDE][SIDE] = {{0}};
	uint64_t cycles = 0;

	for (int t = 0, left = rows * columns * k_size; left; t++, cycles++) {
		for (int r = rows - 1; r >= 0; r--) {
			for (int c = columns - 1; c >= 0; c--) {
				right[r][c] = c ? right[r][c - 1]
						: value(a, m0 + r, t - r, m_size, k_size);
				down[r][c] = r ? down[r - 1][c]
					       : value(b, t - c, n0 + c, k_size, n_size);
				sum[r][c] += right[r][c] * down[r][c];
				left -= t - r - c >= 0 && t - r - c < k_size;
			}
		}
	}
	for (int r = 0; r < rows && m0 + r < m_size; r++)
		for (int c = 0; c < columns && n0 + c < n_size; c++)
			got[m0 + r][n0 + c] = sum[r][c];
	return cycles;
}

static uint64_t weight_stationary(void)
{
	uint64_t cycles = 0;

	for (int k = 0; k < k_size; k += rows)
		for (int n = 0; n < n_size; n += columns)
			cycles += weight_stationary_piece(k, n);
	return cycles;
}

static uint64_t output_stationary(void)
{
	uint64_t cycles = 0;

	for (int m = 0; m < m_size; m += rows)
		for (int n = 0; n < n_size; n += columns)
			cycles += output_stationary_piece(m, n);
	return cycles;
}

static void multiply(void)
{
	memset(want, 0, sizeof(want));
	memset(got, 0, sizeof(got));
	for (int m = 0; m < m_size; m++)
		for (int n = 0; n < n_size; n++)
			for (int k = 0; k < k_size; k++)
				want[m][n] += a[m][k] * b[k][n];
}

static bool agrees(enum road_dsa_dataflow dataflow, uint64_t (*array)(void))
{
	uint64_t cycles;

	multiply();
	cycles = array();
	return !memcmp(got, want, sizeof(want)) &&
	       cycles == dsa_systolic_cycles(dataflow, (uint64_t)rows, (uint64_t)columns,
					     (uint64_t)m_size, (uint64_t)n_size, (uint64_t)k_size);
}

static void every_array(enum road_dsa_dataflow dataflow, uint64_t (*array)(void))
{
	uint32_t wrong = 0, all = 0;

	for (int i = 0; i < SIZE * SIZE; i++) {
		a[i / SIZE][i % SIZE] = i * 37 % 41 - 20;
		b[i / SIZE][i % SIZE] = i * 29 % 43 - 21;
	}
	for (rows = 1; rows <= SIDE; rows++)
		for (columns = 1; columns <= SIDE; columns++)
			for (int i = 0; i < SIZE * SIZE * SIZE; i++, all++) {
				m_size = i % SIZE + 1;
				n_size = i / SIZE % SIZE + 1;
				k_size = i / SIZE / SIZE + 1;
				wrong += !agrees(dataflow, array);
			}
	CU_ASSERT_EQUAL(all, 36 * 729);
	CU_ASSERT_EQUAL(wrong, 0);
}

static void weights_stay(void)
{
	every_array(ROAD_DSA_WEIGHT_STATIONARY, weight_stationary);
}

static void outputs_stay(void)
{
	every_array(ROAD_DSA_OUTPUT_STATIONARY, output_stationary);
}

/* The peer does not count the first cycle. */
static void check_layer(const char *line)
{
	unsigned long long v[12]; /* the columns behind the name */
	uint64_t ws, os;
	int fields = sscanf(
		line, "%*[^,],%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu", &v[0],
		&v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9], &v[10], &v[11]);

	CU_ASSERT_EQUAL_FATAL(fields, 12);
	CU_ASSERT_EQUAL(v[7],
			dsa_ceil(v[0] - v[2] + v[6], v[6]) * dsa_ceil(v[1] - v[3] + v[6], v[6]));
	CU_ASSERT_EQUAL(v[8], v[5]);
	CU_ASSERT_EQUAL(v[9], v[2] * v[3] * v[4]);
	ws = dsa_systolic_cycles(ROAD_DSA_WEIGHT_STATIONARY, 256, 256, v[7], v[8], v[9]);
	os = dsa_systolic_cycles(ROAD_DSA_OUTPUT_STATIONARY, 256, 256, v[7], v[8], v[9]);
	CU_ASSERT_EQUAL(v[10], ws - 1);
	CU_ASSERT_EQUAL(v[11], os - 1);
}

static void layers_are_the_peers(void)
{
	FILE *file = fopen(RESNET18, "r");
	uint32_t layers = 0;
	char line[256];

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || !strncmp(line, "layer,", 6))
			continue;
		check_layer(line);
		layers++;
	}
	fclose(file);
	CU_ASSERT_EQUAL(layers, 21);
}

/* mmad on a systolic chip takes what the array takes. */
static void products_take_the_arrays_time(void)
{
	static struct rig rig;

	for (uint32_t dataflow = 0; dataflow < 2; dataflow++) {
		rig_init(&rig);
		rig.fidelity = SIM_APPROX;
		rig.params.systolic = 1;
		rig.params.systolic_dataflow = dataflow;
		rig_load(&rig, 5, 40 | 20 << 16 | UINT64_C(50) << 32);
		rig_emit(&rig, ROAD_DSA_OP_mmad, ROAD_DSA_TYPE_S8, 0, 0, 0)->c = 5;
		EMIT(&rig, end, 0, 0, 0);
		rig_finish(&rig);
		CU_ASSERT_EQUAL(rig.counts.queue[ROAD_DSA_QUEUE_M].busy_ps,
				1000 * dsa_systolic_cycles((enum road_dsa_dataflow)dataflow, 16, 16,
							   40, 20, 50));
	}
	rig_free(&rig);
}

static const struct tap_case cases[] = {
	{"weight-stationary arrays of all sizes take the closed form's cycles", weights_stay},
	{"output-stationary arrays of all sizes take the closed form's cycles", outputs_stay},
	{"each layer of ResNet-18 takes one cycle more than a peer says", layers_are_the_peers},
	{"mmad on a systolic chip takes the array's time", products_take_the_arrays_time},
};

TAP_MAIN(cases)
