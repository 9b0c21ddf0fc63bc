"""TensorRT for boards with an NVIDIA GPU: engines are built on the board and kept.

The files, from the outside in: `runtime` is what the table of runtimes holds, `stand_in` answers
while an engine is built and tried, `builder_process` and `building` build it in a process of their
own, `engine_cache` keeps it, `session` runs it, `cuda` is the memory of the card.

Why the ONNX parser and not torch2trt: every model here is an ONNX file; torch2trt needs PyTorch and
onnx2torch on the board to get from there to a module (its size and a second reading of the graph),
and its dtypes know no uint8, which is what the object and face models take
(NVIDIA-AI-IOT/torch2trt, `torch_dtype_to_trt`). It stays a runtime of its own for who has it.
"""
