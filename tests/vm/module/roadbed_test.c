// SPDX-License-Identifier: GPL-2.0
/*
 * A device for tests of drivers that go through the kernel's: DRM with a render node, whose engine
 * is the processor. roadbed_test.h is what it offers.
 *
 * A job holds all that it touches: references to objects, pinned pages of the caller. Its fence
 * signals when it ended. The worker of a queue runs one job at a time.
 */
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_prime.h>
#include <drm/drm_syncobj.h>
#include <linux/dma-fence-chain.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "roadbed_test.h"

/* ---- objects ---- */

struct test_object {
	struct drm_gem_shmem_object base;
	struct mutex lock;
	dma_addr_t *at; /* of each page; NULL: nobody asked yet */
	u64 booked;     /* bytes of the device's memory */
};

static atomic64_t used; /* bytes of the device's memory */

static struct test_object *object_of(struct drm_gem_object *gem)
{
	return container_of(to_drm_gem_shmem_obj(gem), struct test_object, base);
}

static void object_free(struct drm_gem_object *gem)
{
	struct test_object *object = object_of(gem);

	kvfree(object->at);
	atomic64_sub(object->booked, &used);
	mutex_destroy(&object->lock);
	drm_gem_shmem_free(&object->base);
}

static const struct drm_gem_object_funcs object_funcs = {
	.free = object_free,
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

static struct drm_gem_object *object_new(struct drm_device *drm, size_t bytes)
{
	struct test_object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return ERR_PTR(-ENOMEM);
	mutex_init(&object->lock);
	object->base.base.funcs = &object_funcs;
	return &object->base.base;
}

/* Where its pages are for the device. */
static int object_pages(struct test_object *object)
{
	const size_t count = object->base.base.size >> PAGE_SHIFT;
	struct sg_table *table;
	int error = 0;

	mutex_lock(&object->lock);
	if (object->at)
		goto out;
	table = drm_gem_shmem_get_pages_sgt(&object->base);
	if (IS_ERR(table)) {
		error = PTR_ERR(table);
		goto out;
	}
	object->at = kvmalloc_array(count, sizeof(*object->at), GFP_KERNEL);
	error = object->at ? drm_prime_sg_to_dma_addr_array(table, object->at, count) : -ENOMEM;
	if (error) {
		kvfree(object->at);
		object->at = NULL;
	}
out:
	mutex_unlock(&object->lock);
	return error;
}

static int create_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct roadbed_test_create *create = data;
	struct drm_gem_shmem_object *shmem;
	u64 bytes;
	int error;

	if (!create->bytes)
		return -EINVAL;
	if (create->bytes > ROADBED_TEST_MEMORY)
		return -ENOSPC;
	bytes = PAGE_ALIGN(create->bytes);
	if (atomic64_add_return(bytes, &used) > ROADBED_TEST_MEMORY) {
		atomic64_sub(bytes, &used);
		return -ENOSPC;
	}
	shmem = drm_gem_shmem_create(drm, bytes);
	if (IS_ERR(shmem)) {
		atomic64_sub(bytes, &used);
		return PTR_ERR(shmem);
	}
	object_of(&shmem->base)->booked = bytes;
	error = object_pages(object_of(&shmem->base)); /* here, where it can be told */
	if (!error)
		error = drm_gem_create_mmap_offset(&shmem->base);
	if (!error)
		error = drm_gem_handle_create(file, &shmem->base, &create->handle);
	create->map_offset = drm_vma_node_offset_addr(&shmem->base.vma_node);
	drm_gem_object_put(&shmem->base);
	return error;
}

/* ---- queues and jobs ---- */

struct test_queue {
	struct kref refs;
	struct drm_device *drm;
	struct mutex lock; /* of what follows */
	struct list_head jobs;
	u64 context, submitted, completed, fault;
	u32 fault_handle;
	int error;
	bool closed; /* read without the lock, too */
	struct workqueue_struct *worker;
	struct delayed_work work;
};

struct side {
	struct test_object *object; /* or */
	struct page **pages;        /* pinned */
	unsigned long page_count;
	u64 base; /* of the pages: 0 in an object, an address of the caller */
	u64 from; /* of the pages' first byte on */
	u64 bytes;
};

struct job {
	struct dma_fence fence;
	spinlock_t lock; /* the fence's */
	struct list_head link;
	struct dma_fence *in;
	u64 point; /* of the caller's timeline; 0: none */
	u32 count;
	struct roadbed_test_op *ops;
	struct side (*sides)[2]; /* of each: dst, src */
};

static const char *fence_driver(struct dma_fence *fence)
{
	return ROADBED_TEST_NAME;
}

static void side_free(struct side *side)
{
	if (side->object)
		drm_gem_object_put(&side->object->base.base);
	if (side->pages)
		unpin_user_pages_dirty_lock(side->pages, side->page_count, true);
	kvfree(side->pages);
}

/* All that it touches; the fence may live longer. */
static void job_let_go(struct job *job)
{
	for (u32 i = 0; job->sides && i < job->count; i++) {
		side_free(&job->sides[i][0]);
		side_free(&job->sides[i][1]);
	}
	kvfree(job->sides);
	kvfree(job->ops);
	dma_fence_put(job->in);
	job->sides = NULL;
	job->ops = NULL;
	job->in = NULL;
}

static void fence_release(struct dma_fence *fence)
{
	struct job *job = container_of(fence, struct job, fence);

	job_let_go(job);
	dma_fence_free(fence); /* it is the job's first member */
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_driver,
	.get_timeline_name = fence_driver,
	.release = fence_release,
};

/* ---- the engine ---- */

static char *byte_of(const struct side *side, u64 offset)
{
	const u64 at = side->from + offset;

	if (side->object) /* bus addresses are physical ones: no IOMMU is above this device */
		return (char *)phys_to_virt(side->object->at[at >> PAGE_SHIFT]) +
		       offset_in_page(at);
	return (char *)page_address(side->pages[at >> PAGE_SHIFT]) + offset_in_page(at);
}

/* Bytes up to the end of the page that the offset is in; at most. */
static u64 in_page(const struct side *side, u64 offset, u64 most)
{
	return min_t(u64, most, PAGE_SIZE - offset_in_page(side->from + offset));
}

/* Bytes from the beginning of the page that the byte before `end` is in. */
static u64 back_in_page(const struct side *side, u64 end, u64 most)
{
	return min_t(u64, most, offset_in_page(side->from + end - 1) + 1);
}

static int copy_row(struct test_queue *queue, const struct side *dst, u64 to,
		    const struct side *src, u64 from, u64 bytes)
{
	const bool back = dst->object == src->object &&
			  dst->base + dst->from + to > src->base + src->from + from;

	while (bytes && !READ_ONCE(queue->closed)) {
		u64 n = bytes;

		if (back) {
			n = back_in_page(dst, to + bytes, n);
			n = back_in_page(src, from + bytes, n);
			memmove(byte_of(dst, to + bytes - n), byte_of(src, from + bytes - n), n);
		} else {
			n = in_page(dst, to, n);
			n = in_page(src, from, n);
			memmove(byte_of(dst, to), byte_of(src, from), n);
			to += n;
			from += n;
		}
		bytes -= n;
		cond_resched();
	}
	return bytes ? -ECANCELED : 0;
}

static int copy_box(struct test_queue *queue, const struct roadbed_test_op *op, struct side *side)
{
	int error = 0;

	for (u32 slice = 0; slice < op->slices && !error; slice++)
		for (u32 row = 0; row < op->rows && !error; row++)
			error = copy_row(
				queue, &side[0],
				slice * op->dst_slice_pitch + row * op->dst_row_pitch, &side[1],
				slice * op->src_slice_pitch + row * op->src_row_pitch, op->bytes);
	return error;
}

static int fill(struct test_queue *queue, const struct roadbed_test_op *op, const struct side *dst)
{
	u8 pattern[8];
	u64 word;

	for (u32 i = 0; i < sizeof(pattern); i++)
		pattern[i] = op->pattern >> i % op->pattern_bytes * 8;
	memcpy(&word, pattern, sizeof(word));
	for (u64 done = 0, n; done < op->bytes; done += n) {
		char *to = byte_of(dst, done);

		n = in_page(dst, done, op->bytes - done);
		if (IS_ALIGNED((unsigned long)to | n | done, 8))
			memset64((u64 *)to, word, n / 8);
		else
			for (u64 i = 0; i < n; i++)
				to[i] = pattern[(done + i) % sizeof(pattern)];
		if (READ_ONCE(queue->closed))
			return -ECANCELED;
		cond_resched();
	}
	return 0;
}

/* The bytes from a place's first to its last; U64_MAX: too many. */
static u64 extent(const struct roadbed_test_op *op, u64 row_pitch, u64 slice_pitch)
{
	u64 rows, slices, all;

	if (check_mul_overflow((u64)op->rows - 1, row_pitch, &rows) ||
	    check_mul_overflow((u64)op->slices - 1, slice_pitch, &slices) ||
	    check_add_overflow(rows, slices, &all) || check_add_overflow(all, op->bytes, &all))
		return U64_MAX;
	return all;
}

static u64 extent_of(const struct roadbed_test_op *op, u32 which)
{
	return which ? extent(op, op->src_row_pitch, op->src_slice_pitch)
		     : extent(op, op->dst_row_pitch, op->dst_slice_pitch);
}

/* Is the place there, and all behind it that is meant? */
static int check_side(struct test_queue *queue, const struct roadbed_test_op *op,
		      const struct side *side, u32 which)
{
	const struct roadbed_test_place *place = which ? &op->src : &op->dst;
	const u64 bytes = extent_of(op, which);

	if (place->kind == ROADBED_TEST_POINTER ||
	    (place->kind == ROADBED_TEST_OBJECT && place->at <= side->bytes &&
	     bytes <= side->bytes - place->at))
		return 0;
	queue->fault = place->at;
	queue->fault_handle = place->kind == ROADBED_TEST_OBJECT ? place->handle : 0;
	return -EFAULT;
}

static int run_op(struct test_queue *queue, const struct roadbed_test_op *op, struct side *side)
{
	const u64 now = ktime_get_ns();
	int error = check_side(queue, op, &side[0], 0);

	if (!error && op->kind == ROADBED_TEST_COPY)
		error = check_side(queue, op, &side[1], 1);
	if (error)
		return error;
	switch (op->kind) {
	case ROADBED_TEST_FILL: return fill(queue, op, &side[0]);
	case ROADBED_TEST_COPY: return copy_box(queue, op, side);
	}
	for (u32 i = 0; i < sizeof(now); i++)
		*byte_of(&side[0], i) = now >> 8 * i;
	return 0;
}

static int run_job(struct test_queue *queue, struct job *job)
{
	int error = job->in ? dma_fence_get_status(job->in) : 0;

	error = drm_dev_is_unplugged(queue->drm) ? -ENODEV : error < 0 ? error : 0;
	for (u32 i = 0; i < job->count && !error; i++)
		error = run_op(queue, &job->ops[i], job->sides[i]);
	return error;
}

static void end_job(struct test_queue *queue, struct job *job, int error)
{
	if (error && !queue->error)
		queue->error = error;
	if (!error && job->point)
		queue->completed = job->point;
	list_del(&job->link);
	job_let_go(job);
	if (error)
		dma_fence_set_error(&job->fence, error);
	dma_fence_signal(&job->fence);
	dma_fence_put(&job->fence);
}

/* The first job that may run; *later: there is one, but what it waits for is not there. */
static struct job *next_job(struct test_queue *queue, bool *later)
{
	struct job *job = list_first_entry_or_null(&queue->jobs, struct job, link);

	*later = job && job->in && !queue->error && !dma_fence_is_signaled(job->in);
	return *later ? NULL : job;
}

static void work(struct work_struct *work)
{
	struct test_queue *queue = container_of(work, struct test_queue, work.work);
	struct job *job;
	bool later;

	mutex_lock(&queue->lock);
	while (!queue->closed && (job = next_job(queue, &later))) {
		int error = queue->error ? -ECANCELED : 0;

		mutex_unlock(&queue->lock); /* nobody else takes jobs away while this runs */
		if (!error)
			error = run_job(queue, job);
		mutex_lock(&queue->lock);
		end_job(queue, job, error);
	}
	if (!queue->closed && later)
		queue_delayed_work(queue->worker, &queue->work, 1);
	mutex_unlock(&queue->lock);
}

/* ---- queues, by number ---- */

struct test_file {
	struct xarray queues;
};

static void queue_free(struct kref *refs)
{
	struct test_queue *queue = container_of(refs, struct test_queue, refs);

	mutex_destroy(&queue->lock);
	kfree(queue);
}

static void queue_close(struct test_queue *queue)
{
	struct job *job, *next;

	mutex_lock(&queue->lock);
	WRITE_ONCE(queue->closed, true);
	mutex_unlock(&queue->lock);
	cancel_delayed_work_sync(&queue->work);
	destroy_workqueue(queue->worker);
	mutex_lock(&queue->lock);
	list_for_each_entry_safe(job, next, &queue->jobs, link) end_job(queue, job, -ECANCELED);
	mutex_unlock(&queue->lock);
	kref_put(&queue->refs, queue_free);
}

static struct test_queue *queue_get(struct drm_file *file, u32 number)
{
	struct test_file *own = file->driver_priv;
	struct test_queue *queue;

	xa_lock(&own->queues);
	queue = xa_load(&own->queues, number);
	if (queue)
		kref_get(&queue->refs);
	xa_unlock(&own->queues);
	return queue;
}

static int queue_open_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct test_file *own = file->driver_priv;
	struct roadbed_test_queue *args = data;
	struct test_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	int error = -ENOMEM;

	if (!queue)
		return error;
	queue->worker = alloc_ordered_workqueue(ROADBED_TEST_NAME, 0);
	if (!queue->worker)
		goto free;
	kref_init(&queue->refs);
	mutex_init(&queue->lock);
	INIT_LIST_HEAD(&queue->jobs);
	INIT_DELAYED_WORK(&queue->work, work);
	queue->drm = drm;
	queue->context = dma_fence_context_alloc(1);
	error = xa_alloc(&own->queues, &args->queue, queue, XA_LIMIT(1, 256), GFP_KERNEL);
	if (!error)
		return 0;
	destroy_workqueue(queue->worker);
free:
	kfree(queue);
	return error == -EBUSY ? -ENOSPC : error;
}

static int queue_close_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct test_file *own = file->driver_priv;
	struct test_queue *queue =
		xa_erase(&own->queues, ((struct roadbed_test_queue *)data)->queue);

	if (!queue)
		return -ENOENT;
	queue_close(queue);
	return 0;
}

static int status_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct roadbed_test_status *status = data;
	struct test_queue *queue = queue_get(file, status->queue);

	if (!queue)
		return -ENOENT;
	mutex_lock(&queue->lock);
	status->error = queue->error;
	status->completed = queue->completed;
	status->fault = queue->fault;
	status->fault_handle = queue->fault_handle;
	mutex_unlock(&queue->lock);
	kref_put(&queue->refs, queue_free);
	return 0;
}

/* ---- submitting ---- */

static bool sound(const struct roadbed_test_op *op)
{
	const u32 pattern = op->pattern_bytes;

	if (!op->bytes || !op->rows || !op->slices || op->dst.kind > ROADBED_TEST_NOWHERE ||
	    op->src.kind > ROADBED_TEST_NOWHERE)
		return false;
	switch (op->kind) {
	case ROADBED_TEST_COPY: return true;
	case ROADBED_TEST_FILL:
		return (pattern == 1 || pattern == 2 || pattern == 4 || pattern == 8) &&
		       op->rows == 1 && op->slices == 1;
	case ROADBED_TEST_TIMESTAMP: return op->bytes == 8 && op->rows == 1 && op->slices == 1;
	}
	return false;
}

static int pin(struct side *side, u64 pointer, u64 bytes)
{
	const u64 from = pointer & PAGE_MASK;
	u64 count, end;
	long got = 0, done = 0;

	if (check_add_overflow(pointer, bytes, &end) || end > TASK_SIZE)
		return -EFAULT;
	count = (end - from + PAGE_SIZE - 1) >> PAGE_SHIFT;
	side->pages = kvmalloc_array(count, sizeof(*side->pages), GFP_KERNEL);
	if (!side->pages)
		return -ENOMEM;
	while (done < count && got >= 0) {
		got = pin_user_pages_fast(from + (done << PAGE_SHIFT),
					  min_t(u64, count - done, 1024),
					  FOLL_WRITE | FOLL_LONGTERM, side->pages + done);
		done += got > 0 ? got : 0;
	}
	side->page_count = done;
	side->base = from;
	side->from = offset_in_page(pointer);
	return got < 0 ? got : 0;
}

static int take_side(struct drm_file *file, const struct roadbed_test_op *op, u32 which,
		     struct side *side)
{
	const struct roadbed_test_place *place = which ? &op->src : &op->dst;
	struct drm_gem_object *gem;

	if (place->kind == ROADBED_TEST_NOWHERE)
		return 0;
	if (place->kind == ROADBED_TEST_POINTER)
		return pin(side, place->at, extent_of(op, which));
	gem = drm_gem_object_lookup(file, place->handle);
	if (!gem)
		return -ENOENT;
	side->object = object_of(gem);
	side->from = place->at;
	side->bytes = gem->size;
	return object_pages(side->object);
}

static int take_ops(struct drm_file *file, struct job *job)
{
	int error = 0;

	for (u32 i = 0; i < job->count && !error; i++) {
		const struct roadbed_test_op *op = &job->ops[i];

		error = sound(op) ? take_side(file, op, 0, &job->sides[i][0]) : -EINVAL;
		if (!error && op->kind == ROADBED_TEST_COPY)
			error = take_side(file, op, 1, &job->sides[i][1]);
	}
	return error;
}

static struct job *job_new(struct drm_file *file, const struct roadbed_test_submit *submit)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	int error = -ENOMEM;

	if (!job)
		return ERR_PTR(-ENOMEM);
	job->point = submit->out_point;
	job->count = submit->op_count;
	if (job->count) {
		job->ops = kvmalloc_array(job->count, sizeof(*job->ops), GFP_KERNEL);
		job->sides = kvcalloc(job->count, sizeof(*job->sides), GFP_KERNEL);
		if (!job->ops || !job->sides)
			goto fail;
		error = -EFAULT;
		if (copy_from_user(job->ops, u64_to_user_ptr(submit->ops),
				   job->count * sizeof(*job->ops)))
			goto fail;
	}
	error = take_ops(file, job);
	if (!error && submit->in_syncobj)
		error = drm_syncobj_find_fence(file, submit->in_syncobj, submit->in_point, 0,
					       &job->in);
	if (!error)
		return job;
fail:
	job_let_go(job);
	kfree(job);
	return ERR_PTR(error);
}

/* The last that can fail is done: the job gets its place and its point. */
static int enter(struct test_queue *queue, struct job *job, struct drm_syncobj *out,
		 struct dma_fence_chain *chain, u64 point)
{
	mutex_lock(&queue->lock);
	if (queue->closed) {
		mutex_unlock(&queue->lock);
		return -ENOENT;
	}
	spin_lock_init(&job->lock);
	dma_fence_init(&job->fence, &fence_ops, &job->lock, queue->context, ++queue->submitted);
	list_add_tail(&job->link, &queue->jobs);
	if (out)
		drm_syncobj_add_point(out, chain, &job->fence, point);
	queue_delayed_work(queue->worker, &queue->work, 0);
	mutex_unlock(&queue->lock);
	return 0;
}

static int submit_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct roadbed_test_submit *submit = data;
	struct dma_fence_chain *chain = NULL;
	struct drm_syncobj *out = NULL;
	struct test_queue *queue;
	struct job *job;
	int error = -ENOENT;

	if (submit->op_count > ROADBED_TEST_OPS_MAX)
		return -EINVAL;
	queue = queue_get(file, submit->queue);
	if (!queue)
		return -ENOENT;
	if (submit->out_syncobj) {
		out = drm_syncobj_find(file, submit->out_syncobj);
		if (!out)
			goto put_queue;
		chain = dma_fence_chain_alloc();
		error = -ENOMEM;
		if (!chain)
			goto put_out;
	}
	job = job_new(file, submit);
	error = PTR_ERR_OR_ZERO(job);
	if (error)
		goto free_chain;
	error = enter(queue, job, out, chain, submit->out_point);
	if (!error) {
		chain = NULL; /* the syncobj's */
	} else {
		job_let_go(job);
		kfree(job);
	}
free_chain:
	dma_fence_chain_free(chain);
put_out:
	if (out)
		drm_syncobj_put(out);
put_queue:
	kref_put(&queue->refs, queue_free);
	return error;
}

/* ---- the device ---- */

static int file_open(struct drm_device *drm, struct drm_file *file)
{
	struct test_file *own = kzalloc(sizeof(*own), GFP_KERNEL);

	if (!own)
		return -ENOMEM;
	xa_init_flags(&own->queues, XA_FLAGS_ALLOC1);
	file->driver_priv = own;
	return 0;
}

static void file_close(struct drm_device *drm, struct drm_file *file)
{
	struct test_file *own = file->driver_priv;
	struct test_queue *queue;
	unsigned long number;

	xa_for_each(&own->queues, number, queue) queue_close(queue);
	xa_destroy(&own->queues);
	kfree(own);
}

static const struct drm_ioctl_desc ioctls[] = {
	DRM_IOCTL_DEF_DRV(ROADBED_TEST_CREATE, create_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(ROADBED_TEST_QUEUE_OPEN, queue_open_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(ROADBED_TEST_QUEUE_CLOSE, queue_close_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(ROADBED_TEST_SUBMIT, submit_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(ROADBED_TEST_STATUS, status_ioctl, DRM_RENDER_ALLOW),
};

DEFINE_DRM_GEM_FOPS(file_ops);

static const struct drm_driver driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.open = file_open,
	.postclose = file_close,
	.gem_create_object = object_new,
	.ioctls = ioctls,
	.num_ioctls = ARRAY_SIZE(ioctls),
	.fops = &file_ops,
	DRM_GEM_SHMEM_DRIVER_OPS,
	.name = ROADBED_TEST_NAME,
	.desc = "a device for tests",
	.date = "20261129",
	.major = 1,
};

static int bind(struct platform_device *device)
{
	struct drm_device *drm;
	int error = dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64));

	if (error)
		return error;
	drm = drm_dev_alloc(&driver, &device->dev);
	if (IS_ERR(drm))
		return PTR_ERR(drm);
	platform_set_drvdata(device, drm);
	error = drm_dev_register(drm, 0);
	if (error)
		drm_dev_put(drm);
	return error;
}

/* Who has the node open keeps the device until then; its calls answer -ENODEV. */
static int unbind(struct platform_device *device)
{
	struct drm_device *drm = platform_get_drvdata(device);

	drm_dev_unplug(drm);
	drm_dev_put(drm);
	return 0;
}

static struct platform_driver platform = {
	.driver = {.name = ROADBED_TEST_NAME},
	.probe = bind,
	.remove = unbind,
};
static struct platform_device *device;

static int __init load(void)
{
	int error = platform_driver_register(&platform);

	if (error)
		return error;
	device = platform_device_register_simple(ROADBED_TEST_NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&platform);
		return PTR_ERR(device);
	}
	return 0;
}

static void __exit unload(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&platform);
}

module_init(load);
module_exit(unload);
MODULE_DESCRIPTION("A device for Roadbed's tests");
MODULE_LICENSE("GPL");
