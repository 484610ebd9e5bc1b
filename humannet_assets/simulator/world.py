"""The renderer: a scene is put together, compiled once, posed per frame and rendered by MuJoCo.

There are no dynamics: poses of moving parts are written into the simulator's state directly, so that ground truth is what
was asked for. Nothing else of the package imports MuJoCo.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.textures import Picture

RGB = npt.NDArray[np.uint8]
Vector = npt.ArrayLike
Shape = Literal["box", "sphere", "ellipsoid", "capsule", "cylinder", "plane", "mesh"]

SCENERY, OBJECT = 0, 1
"""Geometry groups. Actors are numbered from 2, so that an actor's own parts can be left out when visibility is judged."""


class RenderingUnavailableError(RuntimeError):
    """MuJoCo or its OpenGL is missing. The message says how to get it."""


def load_mujoco() -> Any:
    """The mujoco module, with headless rendering chosen on Linux; raises `RenderingUnavailableError` when it is missing."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("MUJOCO_GL", "egl")
    try:
        import mujoco
    except Exception as error:
        raise RenderingUnavailableError(
            f"rendering needs MuJoCo, which could not be loaded ({type(error).__name__}: {error}). Install it with "
            "pip install 'humannet-assets[simulator]'; on a machine without a GPU it also needs the Mesa libraries "
            "(Debian: apt-get install libegl1 libgl1-mesa-dri) and MUJOCO_GL=egl, or libosmesa6 and MUJOCO_GL=osmesa."
        ) from error
    return mujoco


@dataclass(frozen=True)
class RenderQuality:
    """What a picture costs. The defaults are MuJoCo's own tessellation with soft edges and sharp shadows."""

    shadow_size: int = 2048
    """Side of the shadow map in texels."""
    samples: int = 4
    """Samples per pixel against jagged edges; 0 switches this off."""
    slices: int = 28
    """Parts around a curved shape."""
    stacks: int = 16
    """Parts along a curved shape."""


@dataclass(frozen=True)
class Mesh:
    """A closed surface: vertices (n, 3) in metres, triangles (m, 3) of their indices, counter-clockwise from outside.

    `texture` (k, 2) are places in a material's picture (0..1, repeated beyond), `texture_faces` (m, 3) their indices.
    """

    vertices: npt.NDArray[np.float64]
    faces: npt.NDArray[np.int32]
    texture: npt.NDArray[np.float64] | None = None
    texture_faces: npt.NDArray[np.int32] | None = None


@dataclass
class Part:
    """A geometry by name, as declared."""

    name: str
    shape: Shape
    size: tuple[float, ...]
    material: str
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    frame: Matrix = field(default_factory=lambda: np.eye(3))
    group: int = SCENERY
    instance: str = ""
    mesh: str = ""


@dataclass
class _Material:
    texture: Picture | None
    rgba: tuple[float, float, float, float]
    repeat: tuple[float, float]
    uniform: bool
    shine: float
    glow: float


@dataclass
class Light:
    """A lamp. `diffuse` is its colour and strength; directional lights shine along `direction` from everywhere."""

    position: tuple[float, float, float]
    direction: tuple[float, float, float]
    diffuse: tuple[float, float, float]
    directional: bool = False
    shadow: bool = True


class SceneBuilder:
    """Collects materials, lights and parts. Names must be unique; `build` compiles them."""

    def __init__(self, ambient: float = 0.35, sky: tuple[Vector, Vector] | None = None) -> None:
        self.ambient = ambient
        self.sky = sky
        self.parts: list[Part] = []
        self.lights: list[Light] = []
        self._materials: dict[str, _Material] = {}
        self._meshes: dict[str, Mesh] = {}

    def copy(self) -> SceneBuilder:
        """The same scene, to which things can be added without changing this one; pictures are shared."""
        other = SceneBuilder(self.ambient, self.sky)
        other.parts, other.lights = [replace(part) for part in self.parts], list(self.lights)
        other._materials, other._meshes = dict(self._materials), dict(self._meshes)
        return other

    def color(self, name: str, rgb: Vector, shine: float = 0.1, *, glow: float = 0.0) -> str:
        """Declare (or keep) a plain material; `glow` is the share of its colour it shows without light. Returns its name."""
        red, green, blue = (float(value) for value in np.asarray(rgb))
        self._materials.setdefault(name, _Material(None, (red, green, blue, 1.0), (1, 1), False, shine, glow))
        return name

    def surface(
        self, name: str, picture: Picture, repeat: tuple[float, float] = (1, 1), uniform: bool = False, shine: float = 0.05,
        *, glow: float = 0.0,
    ) -> str:  # fmt: skip
        """Declare a textured material; `uniform` repeats the picture every 2 m instead of per object. Returns its name.

        `glow` is the share of the picture's brightness it shows without light (windows, lamps, screens).
        """
        self._materials[name] = _Material(picture, (1.0, 1.0, 1.0, 1.0), repeat, uniform, shine, glow)
        return name

    def mesh(self, name: str, mesh: Mesh) -> str:
        """Declare (or keep) a surface that parts of the shape "mesh" can show; returns its name."""
        self._meshes.setdefault(name, mesh)
        return name

    def add(
        self,
        name: str,
        shape: Shape,
        size: Sequence[float],
        material: str,
        position: Vector = (0, 0, 0),
        *,
        frame: Matrix | None = None,
        group: int = SCENERY,
        instance: str = "",
        mesh: str = "",
    ) -> str:
        """Add a part: `size` as MuJoCo has it (half sizes, radius and half length); returns its name.

        Parts that share an `instance` (default: the part's name) are one thing in instance maps. A part of the shape "mesh"
        has no size but the name of a `mesh`.
        """
        if any(part.name == name for part in self.parts):
            raise ValueError(f"the scene already has a part called {name!r}; choose another name")
        x, y, z = (float(value) for value in np.asarray(position))
        axes = np.eye(3) if frame is None else frame
        self.parts.append(Part(name, shape, tuple(size), material, (x, y, z), axes, group, instance or name, mesh))
        return name

    def wall(self, name: str, start: Vector, end: Vector, height: float, material: str, *, base: float = 0.0) -> str:
        """An upright rectangle on the floor between two points (x, y); its front faces left of the way from start to end."""
        a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
        along = np.array([*(b - a), 0.0]) / np.linalg.norm(b - a)
        up = np.array([0.0, 0.0, 1.0])
        frame = np.column_stack([along, up, np.cross(along, up)])
        frame[:, 0], frame[:, 2] = -frame[:, 0], -frame[:, 2]
        middle = (*((a + b) / 2), base + height / 2)
        return self.add(name, "plane", (float(np.linalg.norm(b - a)) / 2, height / 2, 0.1), material, middle, frame=frame)

    def build(
        self,
        width: int,
        height: int,
        vertical_fov_deg: float,
        *,
        quality: RenderQuality | None = None,
        map_size: tuple[int, int] | None = None,
    ) -> World:
        """Compile for pictures of that size; raises `RenderingUnavailableError` without a working MuJoCo.

        `map_size` (width, height) is the size of depth and instance maps; without it there are none.
        """
        mujoco = load_mujoco()
        spec = self.specification(quality)
        # One framebuffer size serves pictures and maps: the larger of both.
        spec.visual.global_.offwidth = max(width, map_size[0] if map_size else 0)
        spec.visual.global_.offheight = max(height, map_size[1] if map_size else 0)
        spec.worldbody.add_camera(name="camera", fovy=vertical_fov_deg)
        instances = {part.name: part.instance for part in self.parts}
        return World(mujoco, spec.compile(), width, height, instances, map_size)

    def specification(self, quality: RenderQuality | None = None) -> Any:
        """The scene as a `mujoco.MjSpec` without a camera, for who adds bodies with dynamics to it.

        Raises:
            RenderingUnavailableError: MuJoCo is missing.
        """
        quality = quality or RenderQuality()
        mujoco = load_mujoco()
        spec = mujoco.MjSpec()
        spec.visual.quality.offsamples = quality.samples
        spec.visual.quality.shadowsize = quality.shadow_size
        spec.visual.quality.numslices, spec.visual.quality.numstacks = quality.slices, quality.stacks
        spec.visual.headlight.ambient = [self.ambient] * 3
        spec.visual.headlight.diffuse = [0.12] * 3
        spec.visual.headlight.specular = [0.0] * 3
        # The sky is drawn at 0.58 of zfar: nearer things must not vanish in it, or depth and pictures would disagree.
        spec.visual.map.znear, spec.visual.map.zfar, spec.visual.map.shadowscale = 0.02, 200.0, 0.4
        spec.stat.extent, spec.stat.center = 1.0, [0.0, 0.0, 1.0]
        if self.sky is not None:
            spec.add_texture(
                name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
                rgb1=self.sky[0], rgb2=self.sky[1], width=256, height=1536,
            )  # fmt: skip
        for name, material in self._materials.items():
            self._add_material(mujoco, spec, name, material)
        for light in self.lights:
            kind = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL if light.directional else mujoco.mjtLightType.mjLIGHT_SPOT
            spec.worldbody.add_light(
                pos=light.position, dir=light.direction, diffuse=light.diffuse, specular=[0.15] * 3, type=kind,
                castshadow=light.shadow, cutoff=80.0, exponent=1.0,
            )  # fmt: skip
        for name, mesh in self._meshes.items():
            entry = spec.add_mesh(name=name, uservert=mesh.vertices.reshape(-1), userface=mesh.faces.reshape(-1))
            if mesh.texture is not None and mesh.texture_faces is not None:
                entry.usertexcoord = mesh.texture.reshape(-1)
                entry.userfacetexcoord = mesh.texture_faces.reshape(-1)
        for part in self.parts:
            quaternion = np.zeros(4)
            mujoco.mju_mat2Quat(quaternion, part.frame.flatten())
            size = np.zeros(3)
            size[: len(part.size)] = part.size
            spec.worldbody.add_geom(
                name=part.name, type=getattr(mujoco.mjtGeom, f"mjGEOM_{part.shape.upper()}"), size=size, pos=part.position,
                quat=quaternion, material=part.material, group=part.group, contype=0, conaffinity=0, meshname=part.mesh,
            )  # fmt: skip
        return spec

    @staticmethod
    def _add_material(mujoco: Any, spec: Any, name: str, material: _Material) -> None:
        entry = spec.add_material(
            name=name, rgba=material.rgba, texrepeat=material.repeat, texuniform=material.uniform,
            specular=material.shine, shininess=0.3, emission=material.glow,
        )  # fmt: skip
        if material.texture is not None:
            height, width, _ = material.texture.shape
            spec.add_texture(
                name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=width, height=height, nchannel=3,
                data=material.texture.reshape(-1),
            )  # fmt: skip
            entry.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name


class World:
    """A compiled scene that can be posed and rendered. Use it as a context manager: it holds a graphics context."""

    def __init__(
        self,
        mujoco: Any,
        model: Any,
        width: int,
        height: int,
        instances: Mapping[str, str],
        map_size: tuple[int, int] | None = None,
    ) -> None:
        self._mujoco = mujoco
        self._model = model
        self._data = mujoco.MjData(model)
        mujoco.mj_forward(model, self._data)
        self._index: Mapping[str, int] = {model.geom(i).name: i for i in range(model.ngeom)}
        self.instances: tuple[str, ...] = ("background", *dict.fromkeys(instances.values()))
        """Names by the ids of instance maps."""
        numbers = {name: i for i, name in enumerate(self.instances)}
        self._instance_of_geom = np.array([numbers[instances[model.geom(i).name]] for i in range(model.ngeom)], np.uint16)
        self._mesh_frames = _mesh_frames(mujoco, model)
        self._maps: Any = None
        self._lights = model.light_diffuse.copy()
        self._headlight = model.vis.headlight.ambient.copy()
        # Actors cover the groups above OBJECT; all must be drawn.
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 1
        try:
            self._renderer = mujoco.Renderer(model, height, width)
            if map_size is not None:
                self._maps = mujoco.Renderer(model, map_size[1], map_size[0])
        except Exception as error:
            raise RenderingUnavailableError(
                f"MuJoCo found no OpenGL to render with ({type(error).__name__}: {error}). Without a screen set MUJOCO_GL=egl "
                "(needs libegl1 and, without a GPU, libgl1-mesa-dri) or MUJOCO_GL=osmesa (needs libosmesa6)."
            ) from error

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self._renderer.close()
        if self._maps is not None:
            self._maps.close()

    def place(self, name: str, position: Vector, frame: Matrix | None = None) -> None:
        """Put a part somewhere: world position (3,) and, if given, its axes as columns (3, 3)."""
        index = self._index[name]
        if index in self._mesh_frames:
            middle, axes = self._mesh_frames[index]
            turn: Matrix = self._data.geom_xmat[index].reshape(3, 3) @ axes.T if frame is None else frame
            position, frame = np.asarray(position, np.float64) + turn @ middle, turn @ axes
        self._data.geom_xpos[index] = position
        if frame is not None:
            self._data.geom_xmat[index] = np.asarray(frame, np.float64).reshape(9)

    def stretch(self, name: str, start: Vector, end: Vector) -> None:
        """Lay a capsule or cylinder between two points."""
        a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
        length = max(float(np.linalg.norm(b - a)), 1e-6)
        axis = (b - a) / length
        helper = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
        side = np.cross(axis, helper)
        side /= np.linalg.norm(side)
        self.place(name, (a + b) / 2, np.column_stack([side, np.cross(axis, side), axis]))
        self._model.geom_size[self._index[name], 1] = length / 2

    def set_brightness(self, factor: Vector) -> None:
        """Scale all lamps (a number, or red, green, blue) against how they were declared."""
        scale = np.broadcast_to(np.asarray(factor, np.float64), (3,))
        self._model.light_diffuse[:] = self._lights * scale
        self._model.vis.headlight.ambient[:] = self._headlight * scale

    def render(self, camera_pose: Matrix) -> RGB:
        """The picture (height, width, 3), uint8, from a camera with that pose (world <- camera)."""
        self._aim(camera_pose)
        self._renderer.update_scene(self._data, camera="camera", scene_option=self._option)
        return self._renderer.render().copy()

    def depth_and_instances(self, camera_pose: Matrix) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint16]]:
        """Maps (height, width) of the built `map_size` from a camera with that pose (world <- camera).

        Depth is in metres along the optical axis, 0 where nothing is. Instances are indices into `instances`.
        """
        if self._maps is None:
            raise ValueError("this world was built without maps; pass map_size=(width, height) to build")
        self._aim(camera_pose)
        self._maps.update_scene(self._data, camera="camera", scene_option=self._option)
        self._maps.enable_segmentation_rendering()
        objects = self._maps.render().copy()
        self._maps.disable_segmentation_rendering()
        self._maps.enable_depth_rendering()
        depth = self._maps.render().astype(np.float32)
        self._maps.disable_depth_rendering()
        seen = (objects[..., 1] == int(self._mujoco.mjtObj.mjOBJ_GEOM)) & (objects[..., 0] >= 0)
        instance = np.zeros(seen.shape, np.uint16)
        instance[seen] = self._instance_of_geom[objects[..., 0][seen]]
        depth[~seen] = 0
        return depth, instance

    def _aim(self, camera_pose: Matrix) -> None:
        self._data.cam_xpos[0] = camera_pose[:3, 3]
        self._data.cam_xmat[0] = (camera_pose[:3, :3] @ np.diag([1.0, -1.0, -1.0])).reshape(9)

    def hidden(self, camera_pose: Matrix, points: Matrix, own_group: int) -> npt.NDArray[np.bool_]:
        """Which world points (n, 3) have something other than the actor `own_group` between them and the camera."""
        groups = np.ones(6, np.uint8)
        groups[own_group] = 0
        eye = camera_pose[:3, 3].copy()
        hit = np.zeros(1, np.int32)
        result = np.zeros(len(points), bool)
        for i, point in enumerate(points):
            way = point - eye
            distance = float(np.linalg.norm(way))
            reach = self._mujoco.mj_ray(self._model, self._data, eye, way / distance, groups, 1, -1, hit)
            # Joints lie inside their own geometry: a centimetre keeps contact with an object from counting as hidden.
            result[i] = 0 <= reach < distance - 0.01
        return result


def _mesh_frames(mujoco: Any, model: Any) -> dict[int, tuple[npt.NDArray[np.float64], Matrix]]:
    """Where MuJoCo put the origin and axes of mesh geometries, by their number: it moves meshes to their principal axes."""
    frames: dict[int, tuple[npt.NDArray[np.float64], Matrix]] = {}
    for index in range(model.ngeom):
        if model.geom_type[index] == mujoco.mjtGeom.mjGEOM_MESH:
            mesh = model.geom_dataid[index]
            axes = np.zeros(9)
            mujoco.mju_quat2Mat(axes, model.mesh_quat[mesh])
            frames[index] = (model.mesh_pos[mesh].copy(), axes.reshape(3, 3))
    return frames
