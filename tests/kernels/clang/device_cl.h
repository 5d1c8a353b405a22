/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL's work-item functions over the special registers. */
int __nvvm_read_ptx_sreg_tid_x(void);
int __nvvm_read_ptx_sreg_ntid_x(void);
int __nvvm_read_ptx_sreg_ctaid_x(void);
int __nvvm_read_ptx_sreg_nctaid_x(void);
void __syncthreads(void);

static inline int local_id(void) { return __nvvm_read_ptx_sreg_tid_x(); }
static inline int local_size(void) { return __nvvm_read_ptx_sreg_ntid_x(); }
static inline int group_id(void) { return __nvvm_read_ptx_sreg_ctaid_x(); }
static inline int global_id(void) { return group_id() * local_size() + local_id(); }
static inline int global_size(void) { return __nvvm_read_ptx_sreg_nctaid_x() * local_size(); }
