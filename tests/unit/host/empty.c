/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object that holds no kernels. */
int empty_symbol(void);
__attribute__((visibility("default"))) int empty_symbol(void)
{
	return 0;
}
